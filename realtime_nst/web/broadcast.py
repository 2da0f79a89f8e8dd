"""The stylized video for browsers, OBS, players and other machines: a sink that acts as a network camera."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Iterator

import cv2

from .._closing import Closing
from ..errors import DeviceError
from ..frames import Frame, Image
from .control import Control
from .pages import page
from .server import Answer, MjpegServer

PAGES = {"/": "video.html", "/watch.js": "watch.js"}
"""The files that everybody may see, by their paths."""


class Listener:
    """A port that is ready for connections. Clients that connect wait until a `Broadcast` serves them.

    Args:
        host: who can connect: "127.0.0.1" for programs on this machine, "0.0.0.0" for its network.
        port: 0 chooses a free one.

    Attributes:
        socket: the listening socket.
        url: the address of a page that shows the video; the video itself is at video.mjpg beside it.

    Raises:
        DeviceError: if the port cannot be opened.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            # The backlog holds the clients that connect while the model is loaded.
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            both = host == "::" and socket.has_dualstack_ipv6()
            self.socket = socket.create_server((host, port), family=family, backlog=64, dualstack_ipv6=both)
        except OSError as error:
            # create_server appends the address, which the message already names.
            reason = (error.strerror or str(error)).partition(" (while")[0]
            other = port + 1 if port < 65535 else 8090
            raise DeviceError(
                f"--serve cannot listen at {host}:{port}: {reason}; another port may be free: "
                f"--serve {other} for this machine's programs, --serve 0.0.0.0:{other} for its whole network"
            ) from error
        name = _address_in_network() if host in ("0.0.0.0", "::") else host
        name = f"[{name}]" if ":" in name else name
        self.url = f"http://{name}:{self.socket.getsockname()[1]}/"

    def close(self) -> None:
        """Free the port. No effect if a broadcast has already closed it."""
        self.socket.close()


def _address_in_network() -> str:
    """Return this machine's address in its network, which phones can open; they often cannot resolve its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation: nothing is sent
            return probe.getsockname()[0]
        except OSError:  # no network
            return socket.gethostname()


class Broadcast(Closing):
    """A sink that sends its frames as MJPEG over HTTP to every client that opens its URL.

    Each client gets the newest frame whenever it can take one, so a slow client delays nobody. Without a client no JPEG
    is encoded.

    Args:
        listener: where it listens. It is closed with the broadcast.
        control: answers the requests that are not for the video.
        quality: JPEG quality, 0 to 100.
    """

    def __init__(self, listener: Listener, control: Control | None = None, quality: int = 90) -> None:
        self._control = control
        self._quality = quality
        self._newest: _LazyJpeg | None = None
        self._run = secrets.token_hex(8)  # Pages that see another value load the video again.
        self._changed = threading.Condition()
        self._server = MjpegServer(listener.socket, self._jpegs, self._answer)
        self.url = listener.url

    def write(self, frame: Frame) -> None:
        with self._changed:
            self._newest = _LazyJpeg(frame.image, self._quality)
            self._changed.notify_all()

    def poll(self) -> None:
        """Execute what clients have requested."""
        if self._control is not None:
            self._control.execute()

    def close(self) -> None:
        self._server.closing.set()
        with self._changed:
            self._changed.notify_all()
        self._server.close()

    def _answer(self, method: str, path: str) -> Answer | None:
        if method == "GET" and path in PAGES:
            return page(PAGES[path])
        if (method, path) == ("GET", "/run"):
            return Answer(self._run.encode())
        return self._control.answer(method, path) if self._control is not None else None

    def _jpegs(self, closing: threading.Event) -> Iterator[bytes]:
        previous = None
        while (newest := self._wait_for_another(previous, closing)) is not None:
            previous = newest
            yield newest.encoded()

    def _wait_for_another(self, previous: _LazyJpeg | None, closing: threading.Event) -> _LazyJpeg | None:
        """Wait for a frame other than `previous`. None: closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not previous or closing.is_set())
            return None if closing.is_set() else self._newest


class _LazyJpeg:
    """A frame that is encoded as JPEG when the first client needs it."""

    def __init__(self, image: Image, quality: int) -> None:
        self._image = image
        self._quality = quality
        self._encoded: bytes | None = None
        self._lock = threading.Lock()

    def encoded(self) -> bytes:
        with self._lock:
            if self._encoded is None:
                self._encoded = cv2.imencode(".jpg", self._image, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[
                    1
                ].tobytes()
            return self._encoded
