"""A network camera on the loopback interface: MJPEG over HTTP, as most IP cameras speak it."""

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
    """Sends `pictures` over and over, `fps` a second, to whoever asks.

    `ends_after`: frames after which it hangs up; `stalls_after`: frames after which it stays silent.
    """

    def __init__(self, images: Sequence[Image], fps: float, ends_after: int | None, stalls_after: int | None) -> None:
        self.jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
        self.fps = fps
        self.ends_after = ends_after
        self.stalls_after = stalls_after
        super().__init__(socket.create_server(("127.0.0.1", 0)), self._paced)
        self.url = f"http://127.0.0.1:{self.port}/video.mjpg"

    def _paced(self, closing: threading.Event) -> Iterator[bytes]:
        began = time.perf_counter()
        number = 0
        while not closing.is_set() and number != self.ends_after:
            if number == self.stalls_after:
                closing.wait()
                return
            yield self.jpegs[number % len(self.jpegs)]
            number += 1
            time.sleep(max(began + number / self.fps - time.perf_counter(), 0))


@contextlib.contextmanager
def camera_server(
    images: Sequence[Image], fps: float = 30.0, *, ends_after: int | None = None, stalls_after: int | None = None
) -> Iterator[CameraServer]:
    """A running camera; its `url` is what `--camera` takes."""
    server = CameraServer(images, fps, ends_after, stalls_after)
    try:
        yield server
    finally:
        server.close()
