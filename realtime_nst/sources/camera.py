"""A camera at this computer that has been opened through OpenCV."""

from __future__ import annotations

import atexit
import contextlib
import time
from typing import cast

import cv2
import numpy as np

from ..errors import CorruptFrameError, SourceError
from ..frames import Frame, Image
from .guarded import GuardedSource, LostError
from .streams.jpeg import EncodedFrame

LONGEST_READ = 12.0
"""Seconds that a read of a camera that hangs may take until OpenCV gives up."""


class Camera(GuardedSource):
    """A camera at this computer. The time of a frame is its time of arrival.

    Attributes:
        name: its name in messages, such as "camera 0".
        size: (height, width) in pixels.
        fps: frames per second, as the driver states it.
        faces_user: whether it shows the user, who expects a mirror image.
        timeout: seconds without a frame after which the camera counts as lost.
        began: time.perf_counter at time 0 of its frames; None: at the first frame.
    """

    live = True
    faces_user = True

    def __init__(self, capture: cv2.VideoCapture, name: str, *, timeout: float) -> None:
        """Read the first frame of an open capture. The caller releases the capture if this raises.

        Args:
            capture: an open capture.
            name: the camera's name in messages.
            timeout: seconds without a frame after which the camera counts as lost.

        Raises:
            SourceError: if no first frame comes.
        """
        super().__init__()
        self._capture = capture
        self.name = name
        self.timeout = timeout
        self.began: float | None = None
        self.size = self._first_size()
        self.fps = sane_rate(capture.get(cv2.CAP_PROP_FPS))

    def read(self) -> Frame:
        """Return the next frame; block until it arrives.

        A frame that OpenCV could not decode raises CorruptFrameError when its image is accessed.

        Raises:
            LostError: if the camera delivers no more frames.
        """
        return cast(Frame, super().read())

    def close(self) -> None:
        """Release the camera, now or when the read under way returns. Calling it again does nothing."""
        super().close()
        if self._reading.locked():
            # OpenCV, in C++, aborts the process if the interpreter ends while a thread is inside it.
            atexit.register(self._reading.acquire, timeout=LONGEST_READ)

    def _read(self) -> Frame:
        requested = time.perf_counter()
        grabbed = self._capture.grab()
        now = time.perf_counter()
        if not grabbed:
            problem = "stopped sending frames" if now - requested > 1 else "has ended or was unplugged"
            raise LostError(f"{self.name} {problem}")
        self.began = now if self.began is None else self.began
        return self._retrieve(now - self.began)

    def _release(self) -> None:
        self._capture.release()

    def _first_size(self, tries: int = 5) -> tuple[int, int]:
        for _ in range(tries):
            if not self._capture.grab():
                break
            with contextlib.suppress(CorruptFrameError):
                height, width = self._retrieve(0.0).image.shape[:2]
                return height, width
        raise SourceError(f"{self.name} was opened but delivered no frame")

    def _retrieve(self, time: float) -> Frame:
        retrieved, image = self._capture.retrieve()
        if retrieved:
            return Frame(cast(Image, image), time)
        # A frame that OpenCV could not decode counts as an empty JPEG. An EncodedFrame has the attributes of a Frame.
        return cast(Frame, EncodedFrame(np.empty(0, np.uint8), time, self.name))


def sane_rate(fps: float) -> float:
    """Return a stated frame rate, or 30 if it is nonsense."""
    return float(fps) if 1 <= fps <= 240 else 30.0
