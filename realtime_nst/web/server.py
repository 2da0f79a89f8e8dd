"""MJPEG over HTTP, the protocol of network cameras: JPEG files follow each other in one endless response."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import socketserver
import threading
import urllib.parse
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """The response to a request other than one for the video."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    location: str | None = None
    """Where a redirect leads."""


LONGEST_BODY = 1 << 16
"""Bytes of a request's body that are read."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every response: no other site may show the pages or the video, or make the pages load anything."""


def _is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, whatever any name server says."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    most_connections = 512
    """Connections that are served at once; more are closed unanswered."""

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
        self.local = _is_loopback(str(self.server_address[0]))
        self._connections = threading.BoundedSemaphore(self.most_connections)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="mjpeg", daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own, unless there are too many."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection. Called on its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

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
    timeout = 30.0
    """Seconds for which a client may send nothing, or take nothing."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # The client has disconnected.
            super().handle()

    def do_GET(self) -> None:
        if not self._is_addressed():
            self.send_error(HTTPStatus.FORBIDDEN)
        elif self._path != "/video.mjpg":
            self._answer()
        else:
            self._send_head("multipart/x-mixed-replace; boundary=frame")
            if self.command != "HEAD":
                self._send_jpegs()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        # The body is not used, but an unread one would reset the connection before the response arrived.
        length = self.headers.get("Content-Length", "")
        if length.isascii() and length.isdecimal():
            self.rfile.read(min(int(length), LONGEST_BODY) if len(length) < 9 else LONGEST_BODY)
        if self._is_addressed():
            self._answer()
        else:
            self.send_error(HTTPStatus.FORBIDDEN)

    def _is_addressed(self) -> bool:
        """Return whether the request is meant for this server.

        A page of another site can let its own name point to this machine (DNS rebinding), and would then read the video
        that only this machine's programs may see. Its Host header still has that name.
        """
        host, origin = self.headers.get("Host"), self.headers.get("Origin")
        if origin is not None and host is not None and origin.partition("://")[2] != host:
            return False
        return not self.server.local or host is None or _is_loopback(urllib.parse.urlsplit(f"//{host}").hostname or "")

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _answer(self) -> None:
        answer = self.server.answer("GET" if self.command == "HEAD" else self.command, self._path)
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send_head(answer.content_type, answer.status, answer.location)
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_head(self, content_type: str, status: HTTPStatus = HTTPStatus.OK, location: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in HEADERS.items():
            self.send_header(name, value)
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
