"""A backend of mido, through its own interface for them: inputs that a test feeds, since no build machine has MIDI.

In this process, `feed` sends a message to the inputs that are open. In another one (MIDO_BACKEND=support.midi_backend),
a line of hexadecimal bytes in a UDP packet to the port MIDI_FEED_PORT does.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from mido.messages import Message
from mido.ports import BaseInput

OPEN: list[Input] = []


class Input(BaseInput):
    def _open(self, callback=None, **_):
        self.receive: Any = callback
        OPEN.append(self)
        if "MIDI_FEED_PORT" in os.environ:
            threading.Thread(target=self._listen, args=(int(os.environ["MIDI_FEED_PORT"]),), daemon=True).start()

    def _close(self):
        OPEN.remove(self)

    def _listen(self, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fed:
            fed.bind(("127.0.0.1", port))
            while not self.closed:
                self.receive(Message.from_hex(fed.recv(64).decode()))


def get_devices(**_):
    return [{"name": name, "is_input": True, "is_output": False} for name in ("Clock", "Desk 8 knobs")]


def feed(*messages):
    for each in OPEN:
        for message in messages:
            each.receive(message)
