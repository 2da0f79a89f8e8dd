"""The keys for other devices: a page with buttons for browsers, and addresses for every other program."""

from __future__ import annotations

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
from ..keys import KEYS, Controls, press
from ..media.resize import resize
from .pages import page
from .server import Answer


class RemoteSession(Controls, Protocol):
    """The session as the page controls and shows it. Any thread may call these methods."""

    def state(self) -> dict[str, object]:
        """Return the state as values for JSON; "styles" is the list of the styles' names."""
        ...

    def style_names(self) -> list[str]:
        """Return the names of the styles, in order."""
        ...

    def style_image(self, index: int) -> Image:
        """Read the image of a style (uint8, BGR). Raises IndexError or StyleError."""
        ...


class Control:
    """Answers the requests below /control/TOKEN/. Commands wait until `execute` is called.

    Clients without the token, and pages of other sites in the same browser, cannot control anything.

    - GET (nothing more): the page. GET state: the state as JSON. GET styles/N: a thumbnail of style N.
    - POST press/KEY: press a key, by its name, for instance `space`. POST style/NAME or styles/N: choose a style.

    Args:
        token: the control token, of characters that a URL may contain.
        session: the session to control.
    """

    def __init__(self, token: str, session: RemoteSession) -> None:
        self.path = f"/control/{token}/"
        self._session = session
        self._commands: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._thumbnail_lock = threading.Lock()

    def answer(self, method: str, path: str) -> Answer | None:
        """Return the response to a request, or None for not found. May be called from any thread."""
        if method == "GET" and f"{path}/" == self.path:
            return Answer(b"", status=HTTPStatus.TEMPORARY_REDIRECT, location=self.path)
        if not path.startswith(self.path):
            return None
        what, _, name = path.removeprefix(self.path).partition("/")
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
        styles = self._session.style_names()
        known = {
            "press": [name for key in KEYS for name in key.keys],
            "style": styles,
            "styles": [str(index) for index in range(len(styles))],
        }.get(what)
        if known is None:
            return None
        if name not in known:
            reason = f"there is no {name!r}; there are {' '.join(known)}\n"
            return Answer(reason.encode(), status=HTTPStatus.NOT_FOUND)
        if what == "press":
            self._commands.put(lambda: press(name, self._session))
        else:
            self._commands.put(lambda: self._session.choose_style(known.index(name)))
        return Answer(b"", status=HTTPStatus.NO_CONTENT)

    def _state(self) -> dict[str, object]:
        keys = [{"keys": key.keys, "name": key.name, "help": key.help, "button": key.button} for key in KEYS]
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
