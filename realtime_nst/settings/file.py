"""The user's settings: one TOML file, which the user may edit too; comments stay when the program writes it."""

from __future__ import annotations

import difflib
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from ..errors import InputError, OutputError
from ..keys import KEYS, Key
from ..media.paths import replace
from .bindings import BindingError, bind

LAST = "last"
"""The table of the settings that the last run with --remember ended with."""


class Settings:
    """The settings file, read once and written whole at each change.

    Attributes:
        path: the file; it need not exist.
        remember: whether every run begins with the settings that the last one ended with.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read the file.

        Args:
            path: None: `settings_file()`.

        Raises:
            InputError: if it cannot be read or understood; the message names the file and the line.
        """
        self.path = settings_file() if path is None else path
        self._read()
        self.key_table()

    def key_table(self) -> tuple[Key, ...]:
        """Return the table of keys with the user's own bindings."""
        try:
            return bind(KEYS, self._table("keys"))
        except BindingError as error:
            raise self.error(str(error), "keys", error.command) from error

    def midi(self) -> dict[str, str]:
        """Return the MIDI bindings: control -> value, command or style."""
        table = self._table("midi")
        for control, target in table.items():
            if not isinstance(target, str):
                raise self.error(f"{control!r} is bound to a name in quotes, not {target!r}", "midi", control)
        return table

    def save_midi(self, bindings: Mapping[str, str]) -> Path:
        """Keep the MIDI bindings; return the file."""
        self._read()
        return self._write("midi", bindings)

    def presets(self) -> dict[str, dict[str, Any]]:
        """Return the presets: name -> values by the names of the options."""
        table = self._table("presets")
        for name, values in table.items():
            if not isinstance(values, dict):
                raise self.error(f"a preset is a table, [presets.{name}], not {values!r}", "presets", name)
        return table

    def preset(self, name: str) -> dict[str, Any]:
        """Return the values of one preset.

        Raises:
            InputError: if there is none of that name.
        """
        presets = self.presets()
        if name in presets:
            return presets[name]
        near = difflib.get_close_matches(name, presets, n=1)
        if not presets:
            hint = "none is saved yet: press k in the window to save one"
        else:
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(presets)}"
        raise InputError(f"there is no preset {name!r}; {hint}")

    def save_preset(self, values: Mapping[str, object]) -> str:
        """Keep `values` as a preset under the next free number, and return its name."""
        self._read()  # Another run may have saved one since.
        presets = self.presets()
        name = next(str(number) for number in range(1, len(presets) + 2) if str(number) not in presets)
        self._write("presets", presets | {name: dict(values)})
        return name

    def remove_preset(self, name: str) -> None:
        """Remove a preset. Raises InputError if there is none of that name."""
        self.preset(name)
        presets = self.presets()
        del presets[name]
        self._write("presets", presets)

    def rename_preset(self, name: str, new: str) -> None:
        """Rename a preset. Raises InputError if there is none of that name, or one of the new name."""
        self.preset(name)
        presets = self.presets()
        if new in presets:
            raise InputError(f"there is a preset {new!r} already; remove it first, or choose another name")
        self._write("presets", {new if each == name else each: values for each, values in presets.items()})

    def last(self) -> dict[str, Any]:
        """Return what `save_last` kept."""
        return self._table(LAST)

    def save_last(self, values: Mapping[str, object]) -> None:
        """Keep the values that a run ended with."""
        self._read()
        self._write(LAST, values)

    def error(self, message: str, *place: str) -> InputError:
        """Return an error that names the file and the line of a value.

        Args:
            message: what is wrong.
            place: the table's names, then the key.
        """
        line = _line_of(tomlkit.dumps(self._document), place)
        return InputError(f"{self.path}, line {line}: {message}" if line else f"{self.path}: {message}")

    def _read(self) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
        except (OSError, UnicodeError) as reason:
            raise InputError(f"cannot read the settings {self.path}: {reason}") from reason
        try:
            self._document = tomlkit.parse(text)
        except ParseError as reason:
            what = re.sub(r" at line \d+ col \d+$", "", str(reason)).replace(
                "Unexpected character: '\\x00'", "the file ends where a value is missing"
            )
            raise InputError(f"{self.path}, line {reason.line}: {what}; correct it, or remove the file") from reason
        except TOMLKitError as reason:
            raise InputError(f"{self.path}: {reason}; correct it, or remove the file") from reason
        self._check()

    def _check(self) -> None:
        known = ("keys", "midi", "presets", LAST, "remember")
        for name in self._document:
            if name not in known:
                raise self.error(f"there is no setting {name!r}; there are {', '.join(known)}", name)
        remember = self._document.unwrap().get("remember", False)
        if not isinstance(remember, bool):
            raise self.error(f"remember is true or false, not {remember!r}", "remember")
        self.remember = remember
        for name in known[:-1]:
            self._table(name)

    def _table(self, name: str) -> dict[str, Any]:
        table = self._document.unwrap().get(name, {})
        if not isinstance(table, dict):
            raise self.error(f"{name} is a table, [{name}], not {table!r}", name)
        return table

    def _write(self, name: str, values: Mapping[str, object]) -> Path:
        _update(self._document.setdefault(name, tomlkit.table()), values)
        partial = self.path.with_name(f"{secrets.token_hex(12)}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(tomlkit.dumps(self._document), encoding="utf-8")
            replace(partial, self.path)
        except OSError as reason:
            partial.unlink(missing_ok=True)
            raise OutputError(f"cannot write the settings {self.path}: {reason.strerror or reason}") from reason
        return self.path


def settings_file() -> Path:
    """Return the path of the user's settings."""
    return platformdirs.user_config_path("realtime-nst", appauthor=False) / "settings.toml"


def _update(table: Any, values: Mapping[str, object]) -> None:
    """Change a tomlkit table to `values`, and leave alone what is the same, with its comments."""
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        if isinstance(value, Mapping):
            _update(table.setdefault(key, tomlkit.table()), value)
        elif table.get(key) != value:
            table[key] = value


def _line_of(text: str, place: Sequence[str]) -> int | None:
    """Return the number of the line that sets `place` (its tables and key), or of its table; None if not found."""
    tables = list(place[:-1])
    inside: list[str] = []
    header = None
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[([^\[\]]+)\]", line):
            inside = _names(match[1])
            if inside in (tables, list(place)):
                header = number
                if inside == list(place):
                    return number
            continue
        match = re.match(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w.-])+)\s*=", line)
        if match and inside + _names(match[1]) == list(place):
            return number
    return header


def _names(dotted: str) -> list[str]:
    """Split the dotted name of a TOML table or key."""
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)]
