"""The keys for other devices: a page with buttons for browsers, and addresses for every other program."""

from __future__ import annotations

import hmac
import json
import threading
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from queue import SimpleQueue
from typing import Protocol

import cv2

from ..errors import StyleError
from ..frames import Image
from ..keys import DIALS, Controls, Keyboard
from ..media.resize import resize
from .pages import page
from .server import Answer


class RemoteSession(Controls, Protocol):
    """The session as the page controls and shows it. Any thread may call these methods."""

    @property
    def stroke_sizes(self) -> list[int]:
        """The sizes to choose from, in pixels, ascending."""
        ...

    def state(self) -> dict[str, object]:
        """Return the state as values for JSON; "styles" is the list of the styles' names."""
        ...

    def set_stroke_size(self, size: int) -> None:
        """Let the network see `size` pixels on the long side: one of "stroke_sizes" in the state."""
        ...

    def style_image(self, index: int) -> Image:
        """Read the image of a style (uint8, BGR). Raises IndexError or StyleError."""
        ...


class Control:
    """Answers the requests below /control/TOKEN/. Commands wait until `execute` is called.

    Clients without the token, and pages of other sites in the same browser, cannot control anything.

    - GET (nothing more): the page. GET state: the state as JSON. GET styles/N: a thumbnail of style N.
    - POST press/KEY: press a key, by its name, for instance `space`. POST style/NAME or styles/N: choose a style.
      POST DIAL/VALUE: set a value from 0 to 1, for instance `strength/0.5`.
      POST stroke-size/N: let the network see N pixels, one of "stroke_sizes" in the state; fewer make larger strokes.

    Args:
        token: the control token, of characters that a URL may contain.
        session: the session to control.
        keyboard: presses the keys of `session`.
    """

    def __init__(self, token: str, session: RemoteSession, keyboard: Keyboard) -> None:
        self._token = token
        self.path = f"/control/{token}/"
        self._session = session
        self._keyboard = keyboard
        self._commands: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._thumbnail_lock = threading.Lock()

    def answer(self, method: str, path: str) -> Answer | None:
        """Return the response to a request, or None for not found. May be called from any thread."""
        _, _, below = path.partition("/control/")
        token, slash, rest = below.partition("/")
        # In constant time: how long a wrong token takes must not say how much of it is right.
        if not path.startswith("/control/") or not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        if not slash:
            return Answer(b"", status=HTTPStatus.TEMPORARY_REDIRECT, location=self.path) if method == "GET" else None
        what, _, name = rest.partition("/")
        name = urllib.parse.unquote(name)
        if method == "POST":
            return self._command(what, name)
        if not what:
            return page("control.html")
        if what == "state":
            return Answer(json.dumps(self._state()).encode(), "application/json")
        return self._thumbnail(name) if what == "styles" else None

    def execute(self) -> None:
        """Execute the received commands, on the thread of the window."""
        while not self._commands.empty():
            self._commands.get()()

    def _command(self, what: str, name: str) -> Answer | None:
        if what in (dial.name for dial in DIALS):
            return self._turn(what, name)
        styles = self._session.style_names()
        known = {
            "press": [name for key in self._keyboard.keys for name in key.keys],
            "style": styles,
            "styles": [str(index) for index in range(len(styles))],
            "stroke-size": [str(size) for size in self._session.stroke_sizes],
        }.get(what)
        if known is None:
            return None
        if name not in known:
            reason = f"there is no {name!r}; there are {' '.join(known)}\n"
            return Answer(reason.encode(), status=HTTPStatus.NOT_FOUND)
        if what == "press":
            self._commands.put(lambda: self._keyboard.press(name))
        elif what == "stroke-size":
            self._commands.put(lambda: self._session.set_stroke_size(int(name)))
        else:
            self._commands.put(lambda: self._session.choose_style(known.index(name)))
        return Answer(b"", status=HTTPStatus.NO_CONTENT)

    def _turn(self, dial: str, text: str) -> Answer:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1:
            reason = f"{dial} is a number from 0 to 1, not {text!r}\n"
            return Answer(reason.encode(), status=HTTPStatus.NOT_FOUND)
        self._commands.put(lambda: self._keyboard.turn(dial, value))
        return Answer(b"", status=HTTPStatus.NO_CONTENT)

    def _state(self) -> dict[str, object]:
        keys = [
            {"keys": key.keys, "name": key.name, "help": key.help, "button": key.button} for key in self._keyboard.keys
        ]
        return {"keys": keys, **self._session.state()}

    def _thumbnail(self, number: str) -> Answer | None:
        if not number.isdecimal():
            return None
        try:
            with self._thumbnail_lock:  # One at a time: the video needs the processor too.
                image = self._session.style_image(int(number))
        except (IndexError, StyleError):
            return None
        scale = 160 / min(image.shape[:2])
        small = resize(image, (round(image.shape[0] * scale), round(image.shape[1] * scale)))
        return Answer(cv2.imencode(".jpg", small)[1].tobytes(), "image/jpeg")
