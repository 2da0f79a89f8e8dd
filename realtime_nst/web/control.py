"""The keys for other devices: a page with buttons for a browser, and addresses that press them for everything else."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from queue import SimpleQueue
from typing import TYPE_CHECKING

import cv2

from ..errors import StyleError
from ..frames import Frame
from ..keys import KEYS, press
from ..media.resize import resize
from .pages import page
from .server import Answer

if TYPE_CHECKING:
    from ..live.session import Session


class Control:
    """Answers the requests below /control/WORD/, and does what they ask on the thread that polls it as a sink.

    Whoever knows the word can press the keys; others, and pages of other sites in the same browser, cannot.

    - GET (nothing more): the page. GET state: how things are, as JSON. GET styles/N: the picture of style N, small.
    - POST press/KEY: a key by its name, `space` for instance. POST style/NAME, POST styles/N: a style.
    """

    def __init__(self, word: str) -> None:
        self.path = f"/control/{word}/"
        self.session: Session | None = None
        """What is controlled; None: it is not there yet."""
        self._asked: SimpleQueue[Callable[[Session], object]] = SimpleQueue()
        self._picturing = threading.Lock()

    def answer(self, method: str, path: str) -> Answer | None:
        """What a request gets; None where there is nothing. May be called from any thread."""
        if not path.startswith(self.path):
            return None
        what, _, name = path.removeprefix(self.path).partition("/")
        name = urllib.parse.unquote(name)
        if method == "POST":
            return self._do(what, name)
        if not what:
            return page("control.html")
        if what == "state":
            return Answer(json.dumps(self._state()).encode(), "application/json")
        return self._style(name) if what == "styles" else None

    def write(self, frame: Frame) -> None:
        """Nothing to do: frames are shown by others."""

    def poll(self) -> None:
        while self.session and not self._asked.empty():
            self._asked.get()(self.session)

    def close(self) -> None:
        """Nothing to do."""

    def _do(self, what: str, name: str) -> Answer | None:
        styles = self._state()["styles"]
        known = {
            "press": [name for key in KEYS for name in key.keys],
            "style": styles,
            "styles": [str(number) for number in range(len(styles))],
        }.get(what)
        if known is None:
            return None
        if name not in known:
            reason = f"there is no {name!r}; there are {' '.join(known)}\n"
            return Answer(reason.encode(), status=HTTPStatus.NOT_FOUND)
        if what == "press":
            self._asked.put(lambda session: press(name, session))
        else:
            self._asked.put(lambda session: session.choose_style(known.index(name)))
        return Answer(b"", status=HTTPStatus.NO_CONTENT)

    def _state(self) -> dict:
        keys = [{"keys": key.keys, "name": key.name, "help": key.help, "button": key.button} for key in KEYS]
        return {"keys": keys, **(self.session.state() if self.session else {"styles": []})}

    def _style(self, number: str) -> Answer | None:
        if self.session is None or not number.isdecimal():
            return None
        try:
            with self._picturing:  # one at a time: the video needs the processor too
                image = self.session.style_image(int(number))
        except (IndexError, StyleError):
            return None
        scale = 160 / min(image.shape[:2])
        small = resize(image, (round(image.shape[0] * scale), round(image.shape[1] * scale)))
        return Answer(cv2.imencode(".jpg", small)[1].tobytes(), "image/jpeg")
