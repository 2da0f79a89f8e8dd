"""Network streams, and video files behind URLs, through OpenCV's FFmpeg."""

from __future__ import annotations

import os
import time
from typing import cast

import cv2

from ..errors import RunError, SourceError
from ..frames import Frame, Image
from .camera import Camera
from .capture import MJPEG, CaptureSource, quiet_opencv, released_on_error, stated_fps


def open_url(url: str, timeout: float) -> Camera | RemoteClip:
    """Open an http(s) or rtsp stream, or a video file behind a URL.

    Args:
        url: the address.
        timeout: seconds to wait for an answer.

    Raises:
        SourceError: if the URL delivers no frame.
        RunError: if the stream breaks off while its rate is measured.
    """
    # OpenCV reads this once, when it first loads FFmpeg, which otherwise prints every hiccup of a stream.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    timeout_ms = int(timeout * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms]
    began = time.perf_counter()
    with quiet_opencv():
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        try:
            with released_on_error(capture):
                if capture.isOpened() and 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < 1e9:
                    return RemoteClip(capture, url)
                jpegs = capture.get(cv2.CAP_PROP_FOURCC) == MJPEG and capture.set(cv2.CAP_PROP_FORMAT, -1)
                # FFmpeg's own timeout should fire first, and RTSP can exceed the one it was given.
                return Camera(capture, url, faces_user=False, timeout=timeout + 3, jpegs=jpegs)
        except SourceError as reason:
            raise SourceError(
                f"the stream {url} delivered no frame within {time.perf_counter() - began:.1f} s; "
                "try the address in a browser or player, with user name and password if it needs them: "
                "http://USER:PASSWORD@HOST:PORT/PATH"
            ) from reason


class RemoteClip(CaptureSource):
    """A video file behind a URL: delivers frames as fast as the network does, and has an end.

    Attributes:
        name: its URL.
        size: (height, width) in pixels.
        fps: frames per second, as the file states it.
    """

    live = False

    def __init__(self, capture: cv2.VideoCapture, url: str) -> None:
        """Take over an open capture of `url`."""
        super().__init__(capture)
        self.name = url
        self.fps = stated_fps(capture)
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
        self._frame_count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._frames_read = 0

    def _read(self) -> Frame | None:
        decoded, image = self._capture.read()
        if decoded:
            self._frames_read += 1
            return Frame(cast(Image, image), self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        # Some containers only estimate their frame count.
        if self._frames_read < 0.9 * self._frame_count:
            raise RunError(f"{self.name} broke off after {self._frames_read} of {self._frame_count} frames; try again")
        return None
