"""The window's keys and the values behind them in two tables, which drive their actions, the help in the window, the
page, the controllers (OSC, MIDI) and the documentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Controls(Protocol):
    """What a user can do during a live run: the actions behind the keys, the page and other controllers."""

    def step_style(self, by: int) -> None: ...
    def choose_style(self, index: int) -> None: ...
    def style_names(self) -> list[str]: ...
    def toggle_original(self) -> None: ...
    def show_original(self, on: bool) -> None: ...
    def change_strength(self, by: float) -> None: ...
    def set_strength(self, strength: float) -> None: ...
    def change_stroke_size(self, by: int) -> None: ...
    def toggle_split(self) -> None: ...
    def set_split(self, place: float) -> None: ...
    def drag_split(self, place: float) -> None: ...
    def step_second_style(self) -> None: ...
    def change_mix(self, by: float) -> None: ...
    def set_mix(self, share: float) -> None: ...
    def toggle_colors(self) -> None: ...
    def keep_colors(self, on: bool) -> None: ...
    def take_style(self) -> None: ...
    def toggle_fit(self) -> None: ...
    def toggle_mirror(self) -> None: ...
    def mirror(self, on: bool) -> None: ...
    def learn_midi(self) -> None: ...
    def save_preset(self) -> None: ...
    def save_snapshot(self) -> None: ...
    def toggle_recording(self) -> None: ...
    def toggle_fullscreen(self) -> None: ...
    def toggle_overlay(self) -> None: ...
    def toggle_help(self) -> None: ...
    def escape(self) -> None: ...
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
    command: str = ""
    """Its name for controllers: letters and hyphens. Empty: they reach it by other means."""
    dial: str = ""
    """The value that the key steps through, if it does: a name of `DIALS`."""


@dataclass(frozen=True)
class Dial:
    """A value from 0 to 1 that the page and controllers set directly."""

    name: str
    help: str
    set: Callable[[Controls, float], None]


KEYS: tuple[Key, ...] = (
    Key(("n", "right", "down"), "n, right, down", "next style", lambda to, _: to.step_style(1), command="next-style"),
    Key(
        ("p", "left", "up"), "p, left, up", "previous style", lambda to, _: to.step_style(-1), command="previous-style"
    ),
    Key(
        tuple("123456789"),
        "1 to 9",
        "a style by its number",
        lambda to, key: to.choose_style(int(key) - 1),
        button=False,
    ),
    Key(("space",), "space", "original image and back", lambda to, _: to.toggle_original(), command="toggle-original"),
    Key(("[",), "[", "less style", lambda to, _: to.change_strength(-0.1), command="less-style", dial="strength"),
    Key(("]",), "]", "more style", lambda to, _: to.change_strength(0.1), command="more-style", dial="strength"),
    Key(("+", "="), "+", "larger strokes", lambda to, _: to.change_stroke_size(1), command="larger-strokes"),
    Key(("-",), "-", "smaller strokes", lambda to, _: to.change_stroke_size(-1), command="smaller-strokes"),
    Key(("b",), "b", "a second style, mixed in", lambda to, _: to.step_second_style(), command="second-style"),
    Key((",",), ",", "less of the second style", lambda to, _: to.change_mix(-0.1), command="less-mix", dial="mix"),
    Key((".",), ".", "more of the second style", lambda to, _: to.change_mix(0.1), command="more-mix", dial="mix"),
    Key(
        ("v",),
        "v",
        "compare: a line that the mouse drags (its right button: the original)",
        lambda to, _: to.toggle_split(),
        command="toggle-split",
        dial="split",
    ),
    Key(("c",), "c", "keep the frame's own colours", lambda to, _: to.toggle_colors(), command="toggle-colors"),
    Key(
        ("t",), "t", "use a picture held to the camera as a style", lambda to, _: to.take_style(), command="take-style"
    ),
    Key(
        ("i",),
        "i",
        "improve the style in the background (some minutes), or stop",
        lambda to, _: to.toggle_fit(),
        command="toggle-fit",
    ),
    Key(("m",), "m", "mirror", lambda to, _: to.toggle_mirror(), command="toggle-mirror"),
    Key(("s",), "s", "save a snapshot (PNG)", lambda to, _: to.save_snapshot(), command="snapshot"),
    Key(("k",), "k", "keep these settings as a preset", lambda to, _: to.save_preset(), command="save-preset"),
    Key(("r",), "r", "start or stop recording (MP4)", lambda to, _: to.toggle_recording(), command="toggle-recording"),
    Key(("l",), "l", "bind a MIDI knob or pad", lambda to, _: to.learn_midi(), button=False, command="learn-midi"),
    Key(("f",), "f", "full screen", lambda to, _: to.toggle_fullscreen(), button=False, command="toggle-fullscreen"),
    Key(
        ("o",),
        "o",
        "overlay: small, full, off",
        lambda to, _: to.toggle_overlay(),
        button=False,
        command="toggle-overlay",
    ),
    Key(("h",), "h", "this help", lambda to, _: to.toggle_help(), button=False, command="toggle-help"),
    Key(
        ("esc",), "Esc", "leave full screen; otherwise quit", lambda to, _: to.escape(), button=False, command="escape"
    ),
    Key(("q",), "q", "quit (closing the window does too)", lambda to, _: to.quit(), command="quit"),
)

DIALS: tuple[Dial, ...] = (
    Dial("strength", "how much style: 0 is the original", lambda to, value: to.set_strength(value)),
    Dial("mix", "share of the second style", lambda to, value: to.set_mix(value)),
    Dial("split", "place of the line between original and stylized", lambda to, value: to.set_split(value)),
    Dial("original", "1: the original, 0: stylized", lambda to, value: to.show_original(value >= 0.5)),
    Dial("colors", "1: keep the frame's own colours, 0: the style's", lambda to, value: to.keep_colors(value >= 0.5)),
    Dial("mirror", "1: flip left and right, 0: do not", lambda to, value: to.mirror(value >= 0.5)),
)

# What cv2.waitKeyEx returns for them on Linux (X11), Windows and macOS.
_NAMED = {
    27: "esc",
    32: "space",
    65361: "left",
    65362: "up",
    65363: "right",
    65364: "down",
    65451: "+",  # of the number pad
    65453: "-",
    0x250000: "left",
    0x260000: "up",
    0x270000: "right",
    0x280000: "down",
    63234: "left",
    63232: "up",
    63235: "right",
    63233: "down",
}


NAMED_KEYS = tuple(dict.fromkeys(_NAMED.values()))
"""The names of the keys that are no character."""


def key_name(code: int) -> str | None:
    """Return the name of the key that cv2.waitKeyEx reports as `code`; None if the key has no name here."""
    if code in _NAMED:
        return _NAMED[code]
    code &= 0xFFFF  # Some builds set bits above for Shift, Num Lock and the like.
    if code in _NAMED:
        return _NAMED[code]
    return chr(code).lower() if 32 < code < 127 else None


class Keyboard:
    """Performs the actions of keys and commands on the controls. Only the window's thread may use it.

    Args:
        controls: what the actions change.
        keys: the table of keys.

    Attributes:
        intercept: called with each key that is pressed, and its name, before its action runs; if it returns True, the
            action does not run.
    """

    def __init__(self, controls: Controls, keys: Sequence[Key] = KEYS) -> None:
        self.controls = controls
        self.keys = tuple(keys)
        self.intercept: Callable[[Key, str], bool] = lambda key, name: False

    def press(self, name: str | None) -> bool:
        """Run the action of the key with that name. Return whether the table has the key."""
        for key in self.keys:
            if name is not None and name in key.keys:
                if not self.intercept(key, name):
                    key.action(self.controls, name)
                return True
        return False

    def perform(self, command: str) -> bool:
        """Run the action with that name for controllers. Return whether the table has it."""
        for key in self.keys:
            if command and command == key.command:
                key.action(self.controls, key.keys[0] if key.keys else "")
                return True
        return False

    def turn(self, dial: str, value: float) -> bool:
        """Set a value of `DIALS`, limited to 0 to 1. Return whether there is one of that name."""
        for each in DIALS:
            if dial == each.name:
                each.set(self.controls, min(max(value, 0.0), 1.0))
                return True
        return False


def markdown_table(keys: Sequence[Key] = KEYS) -> str:
    """Return the table as the README shows it."""
    rows = [f"| {key.name} | {key.help} |" for key in keys]
    return "\n".join(["| key | what it does |", "| --- | --- |", *rows])


def controllers_table(keys: Sequence[Key] = KEYS) -> str:
    """Return the commands and values as the page about controllers shows them."""
    rows = ["| `/style` | a name, or a number from 1 | choose a style | 1 to 9 |"]
    for dial in DIALS:
        stepped = ", ".join(key.name for key in keys if key.dial == dial.name)
        rows.append(f"| `/{dial.name}` | 0 to 1 | {dial.help} | {stepped} |")
    rows += [f"| `/{key.command}` | none, or 1 | {key.help} | {key.name} |" for key in keys if key.command]
    return "\n".join(["| address | value | what it does | key |", "| --- | --- | --- | --- |", *rows])
