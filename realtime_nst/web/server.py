"""MJPEG over HTTP, the protocol of network cameras: JPEG files follow each other in one endless response."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple


class Answer(NamedTuple):
    """The response to a request other than one for the video."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    location: str | None = None
    """Where a redirect leads."""


def _not_found(method: str, path: str) -> Answer | None:
    return None


class MjpegServer(socketserver.ThreadingTCPServer):
    """Sends JPEG files to every client that requests /video.mjpg, from construction until `close`.

    Args:
        listener: a listening socket. The server closes it.
        jpegs: called for each client, on a thread of its own, with the event that is set when the server closes.
            Yields whole JPEG files at the moment they are to be seen.
        answer: called with the method and path of every other request, on a thread of its own. None: not found.
    """

    daemon_threads = True

    def __init__(
        self,
        listener: socket.socket,
        jpegs: Callable[[threading.Event], Iterable[bytes]],
        answer: Callable[[str, str], Answer | None] = _not_found,
    ) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.open_stream = jpegs
        self.answer = answer
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="mjpeg", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self.server_address[1]

    def close(self) -> None:
        """Disconnect the clients and stop listening."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: MjpegServer  # pyright: ignore[reportIncompatibleVariableOverride]
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # The client has disconnected.
            super().handle()

    def do_GET(self) -> None:
        if self._path == "/video.mjpg":
            self._send_head("multipart/x-mixed-replace; boundary=frame")
            self._send_jpegs()
        else:
            self._answer()

    def do_POST(self) -> None:
        # The body is not used, but an unread one would reset the connection before the response arrived.
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
        self._send_head(answer.content_type, answer.status, answer.location)
        self.wfile.write(answer.body)

    def _send_head(self, content_type: str, status: HTTPStatus = HTTPStatus.OK, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()

    def _send_jpegs(self) -> None:
        self.wfile.write(b"--frame\r\n")
        for jpeg in self.server.open_stream(self.server.closing):
            # The boundary follows its image at once: a browser shows no image whose end it has not seen.
            head = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            self.wfile.write(head + jpeg + b"\r\n--frame\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: requests are of no interest to the user."""
