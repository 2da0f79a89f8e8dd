"""The user's own keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..keys import NAMED_KEYS, Key


class BindingError(Exception):
    """A binding that cannot be; `command` is the one to change."""

    def __init__(self, command: str, message: str) -> None:
        super().__init__(message)
        self.command = command


def bind(keys: Sequence[Key], bindings: Mapping[str, object]) -> tuple[Key, ...]:
    """Return the table with other keys for some commands.

    Args:
        keys: the table.
        bindings: command -> its key or list of keys, which replace those that it had.

    Raises:
        BindingError: if there is no such command or key, or two commands would have the same key.
    """
    known = [key.command for key in keys if key.command]
    for command in bindings:
        if command not in known:
            raise BindingError(command, f"there is no command {command!r}; the commands are {', '.join(known)}")
    bound = tuple(
        _rebound(key, bindings[key.command]) if key.command and key.command in bindings else key for key in keys
    )
    owner: dict[str, Key] = {}
    for key in bound:
        for name in key.keys:
            other = owner.setdefault(name, key)
            if other is not key:
                own, its = (each.command or each.help for each in (key, other))
                blamed = own if own in bindings else its
                raise BindingError(
                    blamed, f"the key {name!r} is bound to both {its} and {own}; give one of them another"
                )
    return bound


def _rebound(key: Key, value: object) -> Key:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BindingError(key.command, f'{key.command} is a key such as "g", or a list of keys, not {value!r}')
    names = tuple(str(name).lower() for name in names)
    for name in names:
        if name not in NAMED_KEYS and not (len(name) == 1 and 32 < ord(name) < 127):
            raise BindingError(
                key.command,
                f"{key.command}: {name!r} is no key; a key is one character, or one of {', '.join(NAMED_KEYS)}",
            )
    return replace(key, keys=names, name=", ".join(names) or "none")
