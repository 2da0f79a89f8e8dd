"""A network camera on the loopback interface: MJPEG over HTTP, which most IP cameras offer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence

import cv2

from ..frames import Image
from ..web.server import MjpegServer


class CameraServer(MjpegServer):
    """Sends images over and over to every client.

    Args:
        images: uint8 BGR.
        fps: frames per second.
        ends_after: number of frames after which it closes the connection. None: never.
        stalls_after: number of frames after which it stays silent. None: never.

    Attributes:
        url: its address, for `--camera`.
    """

    def __init__(self, images: Sequence[Image], fps: float, ends_after: int | None, stalls_after: int | None) -> None:
        self.jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
        self.fps = fps
        self.ends_after = ends_after
        self.stalls_after = stalls_after
        super().__init__(socket.create_server(("127.0.0.1", 0)), self._paced)
        self.url = f"http://127.0.0.1:{self.port}/video.mjpg"

    def _paced(self, closing: threading.Event) -> Iterator[bytes]:
        started = time.perf_counter()
        number = 0
        while not closing.is_set() and number != self.ends_after:
            if number == self.stalls_after:
                closing.wait()
                return
            yield self.jpegs[number % len(self.jpegs)]
            number += 1
            time.sleep(max(started + number / self.fps - time.perf_counter(), 0))


@contextlib.contextmanager
def camera_server(
    images: Sequence[Image], fps: float = 30.0, *, ends_after: int | None = None, stalls_after: int | None = None
) -> Iterator[CameraServer]:
    """Run a camera for the length of a `with` block. The arguments are those of `CameraServer`."""
    server = CameraServer(images, fps, ends_after, stalls_after)
    try:
        yield server
    finally:
        server.close()
