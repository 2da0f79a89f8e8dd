"""MJPEG over HTTP, as network cameras speak it: JPEG files one after another in an answer that has no end."""

from __future__ import annotations

import contextlib
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler

PAGE = b"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>realtime-nst</title>
<style>html, body { height: 100%; margin: 0; background: black }
img { display: block; width: 100%; height: 100%; object-fit: contain }</style>
<img src="/video.mjpg" alt="stylized video"></html>
"""


class MjpegServer(socketserver.ThreadingTCPServer):
    """Sends everyone who asks for /video.mjpg what `jpegs` gives; / is a page that shows it.

    address: (host, port), of port 0 a free one. jpegs: called for each viewer, on a thread of the viewer's own, with
    the event that is set when the server closes; gives whole JPEG files when they are to be seen.
    Runs from now on, until `close`. Raises OSError where it cannot listen.
    """

    daemon_threads = True
    # Windows understands by it that programs may share a port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, address: tuple[str, int], jpegs: Callable[[threading.Event], Iterable[bytes]]) -> None:
        super().__init__(address, _Handler)
        self.send = jpegs
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="mjpeg", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The one it listens at."""
        return self.server_address[1]

    def close(self) -> None:
        """Hang up and listen no more."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: MjpegServer
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.path == "/":
            self._begin("text/html; charset=utf-8")
            self.wfile.write(PAGE)
        elif self.path == "/video.mjpg":
            self._begin("multipart/x-mixed-replace; boundary=frame")
            with contextlib.suppress(OSError):
                self._send_pictures()
        else:
            self.send_error(404)

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def _send_pictures(self) -> None:
        self.wfile.write(b"--frame\r\n")
        for jpeg in self.server.send(self.server.closing):
            # The boundary comes with the picture before it: a browser shows no picture whose end it has not seen.
            head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            self.wfile.write(head + jpeg + b"\r\n--frame\r\n")

    def log_message(self, *_args) -> None:
        """Nothing: requests are no news."""
