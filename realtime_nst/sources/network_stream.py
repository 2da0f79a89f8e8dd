"""Network streams and files behind URLs."""

from __future__ import annotations

import os
import time

import cv2

from ..errors import RunError, SourceError
from ..frames import Frame
from .camera import Camera
from .capture import MJPEG, quiet_opencv, stated_fps


def open_url(url: str, timeout: float) -> Camera | RemoteClip:
    """Open an http(s) or rtsp stream, or a file behind a URL, waiting at most `timeout` seconds.

    Raises SourceError where nothing that can be shown comes.
    """
    # Read once, when OpenCV first loads FFmpeg, which else prints its own view of every hiccup.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    wait = int(timeout * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, wait, cv2.CAP_PROP_READ_TIMEOUT_MSEC, wait]
    began = time.perf_counter()
    with quiet_opencv():
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        try:
            if capture.isOpened() and 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < 1e9:
                return RemoteClip(capture, url)
            jpegs = capture.get(cv2.CAP_PROP_FOURCC) == MJPEG and capture.set(cv2.CAP_PROP_FORMAT, -1)
            # FFmpeg's own time-out should speak first: RTSP can take longer to give up than it was told.
            return Camera(capture, url, faces_user=False, timeout=timeout + 3, jpegs=jpegs)
        except SourceError as reason:
            raise SourceError(
                f"the stream {url} gave no picture within {time.perf_counter() - began:.1f} s; "
                "try the address in a browser or player, with user name and password if it needs them: "
                "http://USER:PASSWORD@HOST:PORT/PATH"
            ) from reason


class RemoteClip:
    """A whole file behind a URL: comes as fast as the network gives it, and has an end."""

    live = False

    def __init__(self, capture: cv2.VideoCapture, url: str) -> None:
        self.name = url
        self.fps = stated_fps(capture)
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
        self._capture = capture
        self._expected = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._frames = 0

    def read(self) -> Frame | None:
        """The next frame; None at the end. Raises RunError where the network gave out long before it."""
        done, image = self._capture.read()
        if done:
            self._frames += 1
            return Frame(image, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        # The count is an estimate in some containers.
        if self._frames < 0.9 * self._expected:
            raise RunError(f"{self.name} broke off after {self._frames} of {self._expected} frames; try again")
        return None

    def close(self) -> None:
        self._capture.release()
