"""What cameras and network streams share: OpenCV's capture."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import cv2

MJPEG = cv2.VideoWriter.fourcc(*"MJPG")


def capture_backends() -> list[tuple[str, int]]:
    """What to try, in order. On Windows Media Foundation can take 12 s and more to open a camera."""
    if sys.platform == "win32":
        return [("DirectShow", cv2.CAP_DSHOW), ("Media Foundation", cv2.CAP_MSMF)]
    if sys.platform == "darwin":
        return [("AVFoundation", cv2.CAP_AVFOUNDATION)]
    return [("Video4Linux", cv2.CAP_V4L2), ("every other way", cv2.CAP_ANY)]


def stated_fps(capture: cv2.VideoCapture) -> float:
    stated = capture.get(cv2.CAP_PROP_FPS)
    return float(stated) if 1 <= stated <= 240 else 30.0


@contextlib.contextmanager
def quiet_opencv() -> Iterator[None]:
    """Keep OpenCV's own warnings about what does not open off the screen: our error says more."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
