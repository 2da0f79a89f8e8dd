"""Open Sound Control: the language of TouchOSC, Max, Pure Data, QLab and lighting desks, over UDP."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..errors import DeviceError
from ..keys import Keyboard
from .controller import Controller, choose_style, is_dial


class Osc(Controller):
    """Receives OSC messages; docs/controllers.md lists the addresses, which come from the table of keys.

    A command runs without a value or with one other than 0, which is what a button sends when it is released. Messages
    of a bundle are done at once, whatever time it names.

    Attributes:
        host: the address that it listens at.
        port: the port that it listens on.
    """

    name: ClassVar[str] = "OSC"

    def __init__(self, host: str, port: int) -> None:
        """Listen from now on.

        Args:
            host: who can send: "127.0.0.1" for programs on this machine, "0.0.0.0" for its network.
            port: 0 chooses a free one.

        Raises:
            DeviceError: if python-osc is missing or the port cannot be opened.
        """
        super().__init__()
        self._messages_of = _load_pythonosc()
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.bind((host, port))
        except OSError as reason:
            raise DeviceError(
                f"--osc cannot listen at {host}:{port}: {reason.strerror or reason}; another port may be free: "
                f"--osc {port + 1 if port < 65535 else 9000}"
            ) from reason
        self._socket.settimeout(0.1)
        self.host, self.port = self._socket.getsockname()[:2]
        self._complaints: set[str] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="osc", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Free the port. Calling it again does nothing."""
        self._closed.set()
        self._thread.join()
        self._socket.close()

    def _receive(self) -> None:
        while not self._closed.is_set():
            try:
                packet = self._socket.recv(65536)
            except OSError:  # nothing has come, or the system tells that an earlier sender is gone
                continue
            for address, values in self._messages_of(packet):
                self.put(lambda keyboard, address=address, values=values: self._perform(keyboard, address, values))

    def _perform(self, keyboard: Keyboard, address: str, values: Sequence[Any]) -> str | None:
        problem = _perform(keyboard, address.strip("/"), values[0] if values else None)
        complaint = f"OSC {address}: {problem}"
        if problem is None or complaint in self._complaints or len(self._complaints) > 100:
            return None
        self._complaints.add(complaint)  # A fader would repeat it a hundred times a second.
        return complaint


def _perform(keyboard: Keyboard, name: str, value: Any) -> str | None:
    """Do what an address and its first value ask for. Return what is wrong with them, if anything is."""
    number = float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
    if name == "style":
        if isinstance(value, str):
            return choose_style(keyboard, value)
        return "a style's name or number is missing" if number is None else choose_style(keyboard, number)
    if is_dial(name):
        if number is None:
            return "it needs a number from 0 to 1"
        keyboard.turn(name, number)
        return None
    if number != 0 and not keyboard.perform(name):
        return "there is no such address; the page Controllers of the documentation lists them"
    return None


def _load_pythonosc() -> Callable[[bytes], list[tuple[str, list[Any]]]]:
    """Return a function that takes a packet apart into (address, values) of its messages; none if it is no OSC."""
    try:
        from pythonosc.osc_packet import OscPacket, ParseError
    except ImportError as reason:
        raise DeviceError("--osc needs python-osc: pip install 'realtime-nst[osc]'") from reason

    def messages_of(packet: bytes) -> list[tuple[str, list[Any]]]:
        if packet[:1] not in (b"/", b"#"):  # of which the library would complain in the terminal
            return []
        try:
            return [(each.message.address, list(each.message.params)) for each in OscPacket(packet).messages]
        except (ParseError, ValueError, IndexError, RecursionError):
            return []

    return messages_of
