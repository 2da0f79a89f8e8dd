"""A camera or a live network stream that has been opened."""

from __future__ import annotations

import contextlib
import time
from functools import cached_property

import cv2
import numpy as np

from ..errors import CorruptFrameError, RunError, SourceError
from ..frames import Frame, Image
from .capture import stated_fps


class Camera:
    """A camera or a live stream that has been opened. A frame's time is when it arrived.

    faces_user: it shows the user, who expects a mirror. timeout: seconds without a frame after which it
    counts as lost. jpegs: the capture gives JPEG files, not pictures. Raises SourceError where it gives no first frame.
    """

    live = True

    def __init__(
        self, capture: cv2.VideoCapture, name: str, *, faces_user: bool, timeout: float, jpegs: bool = False
    ) -> None:
        self.name = name
        self.faces_user = faces_user
        self.timeout = timeout
        self._capture = capture
        self._jpegs = jpegs
        self.size = self._first_size()
        # FFmpeg, which gives the JPEGs, states 25 for all of their streams.
        self.fps = self._measured_fps() if jpegs else stated_fps(capture)
        self._began: float | None = None

    def read(self) -> Frame | EncodedFrame:
        """The next frame. Raises RunError where none comes any more."""
        if self._began is None:
            self._began = self._skip_old(0.5 / self.fps)
        now = self._grab()
        return self._frame(*self._capture.retrieve(), now - self._began)

    def _first_size(self, tries: int = 5) -> tuple[int, int]:
        for _ in range(tries):
            if not self._capture.grab():
                break
            with contextlib.suppress(CorruptFrameError):
                return self._frame(*self._capture.retrieve(), 0.0).image.shape[:2]
        self._capture.release()
        raise SourceError(f"{self.name} was opened but gave no picture")

    def _frame(self, decoded: bool, retrieved: np.ndarray | None, time: float) -> Frame | EncodedFrame:
        if decoded and not self._jpegs:
            return Frame(retrieved, time)
        # One that OpenCV could not decode is no better than a JPEG with nothing in it.
        return EncodedFrame(retrieved if decoded else np.empty(0, np.uint8), time, self.name)

    def _grab(self) -> float:
        """Wait for the next frame; when it came, by time.perf_counter."""
        asked = time.perf_counter()
        grabbed = self._capture.grab()
        now = time.perf_counter()
        if not grabbed:
            what = "stopped sending frames" if now - asked > 1 else "has ended or was unplugged"
            raise RunError(f"{self.name} {what}; check its cable or network and start again")
        return now

    def _measured_fps(self, seconds: float = 0.3) -> float:
        """Frames a second, of those that come within `seconds`, at least one."""
        began = now = self._skip_old(0.002)
        frames = 0
        while now - began < seconds:
            now = self._grab()
            frames += 1
        return frames / (now - began)

    def _skip_old(self, wait: float) -> float:
        """Pass over frames queued since the camera was opened: a new one has to be waited for, `wait` seconds at least.
        When it came; after a second the one that comes then counts as new."""
        began = asked = time.perf_counter()
        while (now := self._grab()) - asked < wait and now - began < 1:
            asked = now
        return now

    def close(self) -> None:
        self._capture.release()


class EncodedFrame:
    """A frame as it was sent, decoded when its picture is first asked for.

    Frames that are dropped cost nothing then, and decoding is done when the network's threads rest: on two cores it
    takes more time beside them than between.
    """

    def __init__(self, jpeg: np.ndarray, time: float, name: str) -> None:
        self.time = time
        self._jpeg, self._name = jpeg, name

    @cached_property
    def image(self) -> Image:
        """Raises CorruptFrameError where it cannot be decoded."""
        image = None
        with contextlib.suppress(cv2.error):
            image = cv2.imdecode(self._jpeg, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise CorruptFrameError(
                f"{self._name} sends frames that cannot be decoded; check its cable or network and start again"
            )
        return image
