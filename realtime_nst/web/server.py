"""MJPEG over HTTP, as network cameras speak it: JPEG files one after another in an answer that has no end."""

from __future__ import annotations

import contextlib
import socketserver
import sys
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple


class Answer(NamedTuple):
    """What a request gets that is not for the video."""

    body: bytes
    kind: str = "text/plain; charset=utf-8"
    """Its media type."""
    status: HTTPStatus = HTTPStatus.OK


class MjpegServer(socketserver.ThreadingTCPServer):
    """Sends everyone who asks for /video.mjpg what `jpegs` gives.

    address: (host, port), of port 0 a free one. jpegs: called for each viewer, on a thread of the viewer's own, with
    the event that is set when the server closes; gives whole JPEG files when they are to be seen. answer: called with
    method and path of all other requests, on threads of their own; None: there is nothing.
    Runs from now on, until `close`. Raises OSError where it cannot listen.
    """

    daemon_threads = True
    # Windows understands by it that programs may share a port.
    allow_reuse_address = sys.platform != "win32"

    def __init__(
        self,
        address: tuple[str, int],
        jpegs: Callable[[threading.Event], Iterable[bytes]],
        answer: Callable[[str, str], Answer | None] = lambda method, path: None,
    ) -> None:
        super().__init__(address, _Handler)
        self.send = jpegs
        self.answer = answer
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

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a viewer has gone
            super().handle()

    def do_GET(self) -> None:
        if self._path == "/video.mjpg":
            self._begin("multipart/x-mixed-replace; boundary=frame")
            self._send_pictures()
        else:
            self._answer()

    def do_POST(self) -> None:
        # What is sent along says nothing here; but left unread, it would break the connection before the answer came.
        length = self.headers.get("Content-Length", "")
        if length.isdecimal():
            self.rfile.read(min(int(length), 1 << 16))
        self._answer()

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _answer(self) -> None:
        answer = self.server.answer(self.command, self._path)
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._begin(answer.kind, answer.status)
        self.wfile.write(answer.body)

    def _begin(self, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
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
