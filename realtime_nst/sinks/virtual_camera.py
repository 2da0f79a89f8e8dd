"""A camera for other programs: a sink that video calls and OBS can choose, through pyvirtualcam."""

from __future__ import annotations

import sys

from ..errors import DeviceError, RunError
from ..frames import Frame
from ..media.h264 import even_size, fitted


class VirtualCamera:
    """A sink that sends its frames to a virtual camera's driver.

    device: its name as the system has it ("/dev/video2", "OBS Virtual Camera"), "default" for the first that answers.
    size: (height, width) of the frames; odd sides are made even, a frame of another size is scaled. fps: about how many
    will come a second. Raises DeviceError where pyvirtualcam, the driver or the device is missing.
    """

    def __init__(self, device: str, size: tuple[int, int], fps: float) -> None:
        try:
            import pyvirtualcam
        except ImportError as reason:
            raise DeviceError(
                f"--virtual-camera needs pyvirtualcam ({reason}): pip install 'realtime-nst[virtual-camera]'"
            ) from reason
        self._size = height, width = even_size(size)
        try:
            self._camera = pyvirtualcam.Camera(
                width, height, fps, fmt=pyvirtualcam.PixelFormat.BGR, device=None if device == "default" else device
            )
        except RuntimeError as reason:
            raise DeviceError(
                f"the virtual camera '{device}' cannot be opened ({_one_line(reason)}): {_driver()}"
            ) from reason
        self.name: str = self._camera.device
        """What other programs call it."""

    def write(self, frame: Frame) -> None:
        """Send a frame. Raises RunError where the driver takes no more."""
        try:
            self._camera.send(fitted(frame.image, self._size))
        except RuntimeError as reason:
            raise RunError(
                f"the virtual camera {self.name} takes no more frames ({_one_line(reason)}); start again"
            ) from reason

    def poll(self) -> None:
        """Nothing to do: a driver shows the last frame until the next."""

    def close(self) -> None:
        self._camera.close()


def _one_line(reason: Exception) -> str:
    return "; ".join(str(reason).splitlines()).rstrip(".")


def _driver() -> str:
    """What gives this system a virtual camera."""
    if sys.platform.startswith("linux"):
        return "sudo apt-get install v4l2loopback-dkms, then sudo modprobe v4l2loopback exclusive_caps=1"
    return "install OBS Studio (obsproject.com) and start and stop its virtual camera once"
