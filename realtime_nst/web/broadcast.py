"""The stylized video for browsers, OBS, players and other machines: a sink that is a network camera."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import cv2

from ..errors import DeviceError
from ..frames import Frame, Image
from .control import Control
from .pages import page
from .server import Answer, MjpegServer


class Broadcast:
    """A sink that sends its frames as MJPEG over HTTP to everyone who opens its `url`.

    host: who can reach it: "127.0.0.1" this machine's programs, "0.0.0.0" everyone in its network. port: 0 for a free
    one. control: answers what else is asked for. Every viewer gets the newest frame as often as it takes one, so a slow
    one holds nothing up; with no viewer no JPEG is made. Raises DeviceError where it cannot listen there.
    """

    def __init__(self, host: str, port: int, control: Control | None = None, quality: int = 90) -> None:
        self._control = control
        self._quality = quality
        self._newest: _Shot | None = None
        self._came = threading.Condition()
        try:
            self._server = MjpegServer((host, port), self._shots, self._answer)
        except OSError as reason:
            other = port + 1 if port < 65535 else 8090
            raise DeviceError(
                f"--serve cannot listen at {host}:{port}: {reason.strerror or reason}; another port may be free: "
                f"--serve {other} for this machine's programs, --serve 0.0.0.0:{other} for its whole network"
            ) from reason
        self.url = f"http://{socket.gethostname() if host == '0.0.0.0' else host}:{self._server.port}/"
        """The address of a page that shows the frames; they are at video.mjpg beside it."""

    def write(self, frame: Frame) -> None:
        with self._came:
            self._newest = _Shot(frame.image, self._quality)
            self._came.notify_all()

    def poll(self) -> None:
        """Nothing to do: viewers have threads of their own."""

    def close(self) -> None:
        self._server.closing.set()
        with self._came:
            self._came.notify_all()
        self._server.close()

    def _answer(self, method: str, path: str) -> Answer | None:
        if (method, path) == ("GET", "/"):
            return page("video.html")
        return self._control.answer(method, path) if self._control else None

    def _shots(self, closing: threading.Event) -> Iterator[bytes]:
        shown = None
        while True:
            with self._came:
                self._came.wait_for(lambda: self._newest is not shown or closing.is_set())
                shown = self._newest
            if closing.is_set():
                return
            yield shown.jpeg()


class _Shot:
    """A frame, and its JPEG file when a first viewer asks for it."""

    def __init__(self, image: Image, quality: int) -> None:
        self._picture = image
        self._quality = quality
        self._jpeg: bytes | None = None
        self._making = threading.Lock()

    def jpeg(self) -> bytes:
        with self._making:
            if self._jpeg is None:
                how = [cv2.IMWRITE_JPEG_QUALITY, self._quality]
                self._jpeg = cv2.imencode(".jpg", self._picture, how)[1].tobytes()
            return self._jpeg
