"""A network camera on the loopback interface: MJPEG over HTTP, as most IP cameras speak it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2


class CameraServer(ThreadingHTTPServer):
    """Sends `pictures` over and over, `fps` a second, to whoever asks.

    `ends_after`: frames after which it hangs up; `stalls_after`: frames after which it stays silent.
    """

    daemon_threads = True

    def __init__(
        self, pictures: Sequence, fps: float, ends_after: int | None, stalls_after: int | None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
        self.fps = fps
        self.ends_after = ends_after
        self.stalls_after = stalls_after
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/video.mjpg"


class _Handler(BaseHTTPRequestHandler):
    server: CameraServer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        began = time.perf_counter()
        with contextlib.suppress(ConnectionError):
            number = 0
            while not self.server.closing.is_set() and number != self.server.ends_after:
                if number == self.server.stalls_after:
                    self.server.closing.wait()
                    return
                jpeg = self.server.jpegs[number % len(self.server.jpegs)]
                self.wfile.write(
                    b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"
                    % (len(jpeg), jpeg)
                )
                number += 1
                time.sleep(max(began + number / self.server.fps - time.perf_counter(), 0))

    def log_message(self, *_args) -> None:
        pass


@contextlib.contextmanager
def camera_server(
    pictures: Sequence, fps: float = 30.0, *, ends_after: int | None = None, stalls_after: int | None = None
) -> Iterator[CameraServer]:
    """A running camera; its `url` is what `--camera` takes."""
    server = CameraServer(pictures, fps, ends_after, stalls_after)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
