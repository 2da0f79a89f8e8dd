"""OpenCV's capture and its peculiarities, shared by cameras and network streams."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import cv2

from .._closing import Closing
from ..frames import Frame

MJPEG = cv2.VideoWriter.fourcc(*"MJPG")

NewCapture: TypeAlias = Callable[[int | str, int], Any]
"""Opens the camera with an index or a device file through one of OpenCV's backends: a cv2.VideoCapture or a double."""


def open_capture(address: int | str, backend: int) -> cv2.VideoCapture:
    """Open the camera with an index or a device file through a backend, by OpenCV's number."""
    return cv2.VideoCapture(address, backend)


class CaptureSource(Closing):
    """A base class of sources that read an OpenCV capture: one thread reads it, any thread may close it.

    Releasing a capture while another thread reads it crashes OpenCV. `close` therefore leaves the release to a read
    that is under way, such as one that waits for a camera that hangs.
    """

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture
        self._reading = threading.Lock()
        self._closed = False

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end of the stream; block until it arrives.

        Raises:
            RunError: if the stream breaks off.
        """
        try:
            with self._reading:
                return self._read()
        finally:
            if self._closed:
                self.close()

    def close(self) -> None:
        """Release the capture, now or when the read under way returns. Calling it again does nothing."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._capture.release()
            finally:
                self._reading.release()

    def _read(self) -> Frame | None:
        raise NotImplementedError


@contextlib.contextmanager
def released_on_error(capture: cv2.VideoCapture) -> Iterator[None]:
    """Release `capture` if the block that turns it into a source raises."""
    try:
        yield
    except BaseException:
        capture.release()
        raise


def stated_fps(capture: cv2.VideoCapture) -> float:
    """Return the frame rate that the capture states, or 30 if it states nonsense."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return float(fps) if 1 <= fps <= 240 else 30.0


def camera_backends() -> list[tuple[str, int]]:
    """Return (name, OpenCV's number) of the backends to try, in order."""
    if sys.platform == "win32":  # Media Foundation can take 12 s and more to open a camera.
        return [("DirectShow", cv2.CAP_DSHOW), ("Media Foundation", cv2.CAP_MSMF)]
    if sys.platform == "darwin":
        return [("AVFoundation", cv2.CAP_AVFOUNDATION)]
    return [("Video4Linux", cv2.CAP_V4L2), ("all other backends", cv2.CAP_ANY)]


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Suppress OpenCV's warnings about devices that do not open: our own error says more."""
    previous = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(previous)
