"""MIDI controllers: knobs, faders and pads, each bound by moving it and pressing a key of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..errors import DeviceError, StylizeError
from ..keys import Key, Keyboard
from .controller import Controller, choose_style, is_dial

LEARN = "learn-midi"
"""The command that starts and ends learning."""


class Midi(Controller):
    """Receives the messages of a MIDI input.

    Args:
        port: the input's name or a part of it, or "default" for the first.
        bindings: what each control does: "cc CHANNEL NUMBER", "note CHANNEL NUMBER", "program CHANNEL NUMBER" or
            "pitch CHANNEL" -> a value, a command, or "style NAME". Channels count from 1, as on the devices.
        save: called with all bindings when one was learnt; returns where they are kept.

    Attributes:
        port: the full name of the input.

    Raises:
        DeviceError: if mido or python-rtmidi is missing, or there is no such input.
    """

    name: ClassVar[str] = "MIDI"

    def __init__(self, port: str, bindings: Mapping[str, str], save: Callable[[Mapping[str, str]], object]) -> None:
        super().__init__()
        self._bindings = dict(bindings)
        self._save = save
        self._learning = False
        self._moved: str | None = None
        self._pressed: set[str] = set()
        self.port, self._input = _open(port, self._receive)

    def connect(self, keyboard: Keyboard, report: Callable[[str], None]) -> None:
        super().connect(keyboard, report)
        keyboard.intercept = self._learn

    def close(self) -> None:
        """Close the input. Calling it again does nothing."""
        self._input.close()

    def _receive(self, message: Any) -> None:
        """Queue a message; mido calls it on a thread of its own."""
        moved = _control_and_value(message)
        if moved is not None:
            self.put(lambda keyboard: self._perform(keyboard, *moved))

    def _perform(self, keyboard: Keyboard, control: str, value: float) -> str | None:
        if self._learning:
            if control == self._moved or value == 0:
                return None
            self._moved = control
            return f"{control}: now press the key that it is to replace, for instance ] for the strength"
        target = self._bindings.get(control)
        if target is None:
            return None
        if is_dial(target):
            keyboard.turn(target, value)
            return None
        if not self._is_press(control, value):
            return None
        if target.startswith("style "):
            return choose_style(keyboard, target.removeprefix("style "))
        if not keyboard.perform(target):
            return f"{control} is bound to {target!r}, which is no command; press l to bind it again"
        return None

    def _is_press(self, control: str, value: float) -> bool:
        """Return whether a command is to run now: a knob on its way up is one press, not sixty-four."""
        before = control in self._pressed
        if value >= 0.5 and _is_knob(control):
            self._pressed.add(control)
        elif value < 0.5:
            self._pressed.discard(control)
        return not before if _is_knob(control) and value >= 0.5 else value > 0 and not _is_knob(control)

    def _learn(self, key: Key, name: str) -> bool:
        """Take part in a key press: bind the moved control to it. Return whether the key is used up by that."""
        if key.command == LEARN:
            self._learning, self._moved = not self._learning, None
            self._report("MIDI: move a knob or press a pad, or l again to stop" if self._learning else "not learning")
            return True
        if not self._learning or self._moved is None:
            return False
        target = (key.dial if _is_knob(self._moved) else "") or key.command or f"style {name}"
        self._bindings[self._moved] = target
        self._report(f"{self._moved} is now {target}{self._keep()}")
        self._learning, self._moved = False, None
        return True

    def _keep(self) -> str:
        try:
            return f", kept in {self._save(self._bindings)}"
        except StylizeError as error:
            return f" for this run only: {error}"


def _control_and_value(message: Any) -> tuple[str, float] | None:
    """Return which control a message is about, and its value from 0 to 1; None for clocks and other messages."""
    kind = message.type
    if kind == "control_change":
        return f"cc {message.channel + 1} {message.control}", message.value / 127
    if kind in ("note_on", "note_off"):
        return f"note {message.channel + 1} {message.note}", message.velocity / 127 if kind == "note_on" else 0.0
    if kind == "pitchwheel":
        return f"pitch {message.channel + 1}", (message.pitch + 8192) / 16383
    if kind == "program_change":
        return f"program {message.channel + 1} {message.program}", 1.0
    return None


def _is_knob(control: str) -> bool:
    """Return whether a control has values in between, unlike a pad."""
    return control.startswith(("cc", "pitch"))


def _open(requested: str, receive: Callable[[Any], None]) -> tuple[str, Any]:
    try:
        import mido

        names: list[str] = mido.get_input_names()
    except ImportError as reason:
        raise DeviceError("--midi needs mido and python-rtmidi: pip install 'realtime-nst[midi]'") from reason
    except Exception as reason:  # Each backend has errors of its own.
        raise DeviceError(f"--midi: this system has no MIDI ({reason}); on Linux: sudo modprobe snd-seq") from reason
    found = [name for name in names if requested == "default" or requested.lower() in name.lower()]
    if not found:
        known = f"the MIDI inputs are {', '.join(names)}" if names else "no MIDI device is connected: plug one in"
        raise DeviceError(f"--midi {requested}: there is no such input; {known}")
    name = requested if requested in found else found[0]
    try:
        return name, mido.open_input(name, callback=receive)
    except Exception as reason:
        raise DeviceError(f"--midi cannot open {name} ({reason}); does another program use it?") from reason
