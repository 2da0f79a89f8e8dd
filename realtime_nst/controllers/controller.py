"""What controllers have in common: what arrives on their own threads is done on the window's thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .._closing import Closing
from ..frames import Frame
from ..interfaces import Notify
from ..keys import DIALS, Keyboard

Event = Callable[[Keyboard], "str | None"]
"""Does something; returns what the user should know, or None."""


class Controller(Closing):
    """A sink that takes no frames: when it is polled, it does what has arrived since.

    What arrives before `connect` waits, because the model may take a while to load.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=10_000)
        self._keyboard: Keyboard | None = None
        self._report: Notify = lambda message: None

    def connect(self, keyboard: Keyboard, report: Notify) -> None:
        """Perform commands on `keyboard` from now on, and tell the user through `report`."""
        self._keyboard, self._report = keyboard, report

    def put(self, event: Event) -> None:
        """Let `event` happen on the window's thread. Any thread may call this."""
        self._events.append(event)

    def write(self, frame: Frame) -> None:
        """Take no notice of a frame."""

    def poll(self) -> None:
        """Do what has arrived."""
        while self._keyboard is not None and self._events:
            message = self._events.popleft()(self._keyboard)
            if message:
                self._report(message)


def is_dial(name: str) -> bool:
    """Return whether there is a value of that name."""
    return any(dial.name == name for dial in DIALS)


def choose_style(keyboard: Keyboard, style: str | float) -> str | None:
    """Choose a style by its name, or by its number from 1 on. Return what is wrong with it, if anything is."""
    names = keyboard.controls.style_names()
    if style in names:
        index = names.index(str(style))
    else:
        try:
            index = int(style) - 1
        except (ValueError, OverflowError):
            index = -1
        if not 0 <= index < len(names):
            return f"there is no style {style!r}; there are 1 to {len(names)}: {', '.join(names)}"
    keyboard.controls.choose_style(index)
    return None
