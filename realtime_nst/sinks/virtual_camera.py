"""A virtual camera, which video calls and OBS can choose as their input, through pyvirtualcam."""

from __future__ import annotations

import sys
from typing import ClassVar

from .._closing import Closing
from ..errors import DeviceError, RunError
from ..extras import install_command
from ..frames import Frame
from ..media.h264 import even_size, fit_even


class VirtualCamera(Closing):
    """A sink that sends frames to the driver of a virtual camera.

    Attributes:
        device: the camera's name in other programs.
    """

    name: ClassVar[str] = "virtual camera"
    help: ClassVar[str] = "send the frames to a virtual camera, for video calls and OBS"

    def __init__(self, device: str, size: tuple[int, int], fps: float) -> None:
        """Open a virtual camera.

        Args:
            device: its name in the system ("/dev/video2", "OBS Virtual Camera"), or "default" for the first one found.
            size: (height, width) of the frames in pixels. Odd sides are padded; frames of another size are scaled.
            fps: approximate frame rate, in frames per second.

        Raises:
            DeviceError: if pyvirtualcam, the driver or the device is missing.
        """
        try:
            import pyvirtualcam
        except ImportError as reason:
            raise DeviceError(
                f"--virtual-camera needs pyvirtualcam ({reason}): {install_command('virtual-camera')}"
            ) from reason
        self._size = height, width = even_size(size)
        try:
            self._camera = pyvirtualcam.Camera(
                width, height, fps, fmt=pyvirtualcam.PixelFormat.BGR, device=None if device == "default" else device
            )
        except RuntimeError as reason:
            raise DeviceError(
                f"the virtual camera '{device}' cannot be opened ({_one_line(reason)}): {_driver_advice()}"
            ) from reason
        self.device: str = self._camera.device
        self._open = True

    def write(self, frame: Frame) -> None:
        """Send a frame.

        Raises:
            RunError: if the driver accepts no more frames.
        """
        try:
            self._camera.send(fit_even(frame.image, self._size))
        except RuntimeError as reason:
            raise RunError(
                f"the virtual camera {self.device} takes no more frames ({_one_line(reason)}); start again"
            ) from reason

    def poll(self) -> None:
        """Do nothing: the driver repeats the last frame until the next one."""

    def close(self) -> None:
        """Release the driver. Calling it again does nothing."""
        if self._open:
            self._open = False
            self._camera.close()


def _one_line(reason: Exception) -> str:
    return "; ".join(str(reason).splitlines()).rstrip(".")


def _driver_advice() -> str:
    """Return advice on how to get a virtual camera on this system."""
    if sys.platform.startswith("linux"):
        return "sudo apt-get install v4l2loopback-dkms, then sudo modprobe v4l2loopback exclusive_caps=1"
    return "install OBS Studio (obsproject.com) and start and stop its virtual camera once"
