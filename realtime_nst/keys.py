"""The window's keys in one table, which drives their actions, the help in the window and the README."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Controls(Protocol):
    """What a user can do during a live run: the actions behind the keys, the page and other controllers."""

    def step_style(self, by: int) -> None: ...
    def choose_style(self, index: int) -> None: ...
    def toggle_original(self) -> None: ...
    def change_strength(self, by: float) -> None: ...
    def toggle_colors(self) -> None: ...
    def take_style(self) -> None: ...
    def toggle_mirror(self) -> None: ...
    def save_snapshot(self) -> None: ...
    def toggle_recording(self) -> None: ...
    def toggle_fullscreen(self) -> None: ...
    def toggle_overlay(self) -> None: ...
    def toggle_help(self) -> None: ...
    def quit(self) -> None: ...


@dataclass(frozen=True)
class Key:
    """One row of the table."""

    keys: tuple[str, ...]
    """Names of the keys: a character, or one of "left", "right", "up", "down", "space", "esc"."""
    name: str
    """The keys as the help shows them."""
    help: str
    action: Callable[[Controls, str], None]
    """Called with the controls and the name of the key that was pressed."""
    button: bool = True
    """Whether the control page has a button for it: it is a single action that does not concern the window."""


KEYS: tuple[Key, ...] = (
    Key(("n", "right", "down"), "n, right", "next style", lambda to, _: to.step_style(1)),
    Key(("p", "left", "up"), "p, left", "previous style", lambda to, _: to.step_style(-1)),
    Key(
        tuple("123456789"),
        "1 to 9",
        "a style by its number",
        lambda to, key: to.choose_style(int(key) - 1),
        button=False,
    ),
    Key(("space",), "space", "original image and back", lambda to, _: to.toggle_original()),
    Key(("[",), "[", "less style", lambda to, _: to.change_strength(-0.1)),
    Key(("]",), "]", "more style", lambda to, _: to.change_strength(0.1)),
    Key(("c",), "c", "keep the frame's own colours", lambda to, _: to.toggle_colors()),
    Key(("t",), "t", "use what the camera sees as a style", lambda to, _: to.take_style()),
    Key(("m",), "m", "mirror", lambda to, _: to.toggle_mirror()),
    Key(("s",), "s", "save a snapshot (PNG)", lambda to, _: to.save_snapshot()),
    Key(("r",), "r", "start or stop recording (MP4)", lambda to, _: to.toggle_recording()),
    Key(("f",), "f", "full screen", lambda to, _: to.toggle_fullscreen(), button=False),
    Key(("o",), "o", "overlay on or off", lambda to, _: to.toggle_overlay(), button=False),
    Key(("h",), "h", "this help", lambda to, _: to.toggle_help(), button=False),
    Key(("q", "esc"), "q, Esc", "quit (closing the window does too)", lambda to, _: to.quit()),
)

# What cv2.waitKeyEx returns for them on Linux (X11), Windows and macOS.
_NAMED = {
    27: "esc",
    32: "space",
    65361: "left",
    65362: "up",
    65363: "right",
    65364: "down",
    0x250000: "left",
    0x260000: "up",
    0x270000: "right",
    0x280000: "down",
    63234: "left",
    63232: "up",
    63235: "right",
    63233: "down",
}


def key_name(code: int) -> str | None:
    """Return the name of the key that cv2.waitKeyEx reports as `code`; None if the key has no name here."""
    if code in _NAMED:
        return _NAMED[code]
    code &= 0xFFFF  # Some builds set bits above for Shift, Num Lock and the like.
    if code in _NAMED:
        return _NAMED[code]
    return chr(code).lower() if 32 < code < 127 else None


def press(name: str | None, controls: Controls, keys: Sequence[Key] = KEYS) -> bool:
    """Run the action of the key with that name. Return whether the table has the key."""
    for key in keys:
        if name in key.keys:
            key.action(controls, name)
            return True
    return False


def markdown_table(keys: Sequence[Key] = KEYS) -> str:
    """Return the table as the README shows it."""
    rows = [f"| {key.name} | {key.help} |" for key in keys]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows])
