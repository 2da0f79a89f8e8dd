"""Checks of the arguments of public functions: a value of the wrong kind or range is refused in words."""

from __future__ import annotations

import math
import operator
import os
from pathlib import Path
from typing import Any, cast

from .errors import ArgumentError


def whole_number(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return `value` as an int: a whole number of any type, from `low` to `high`.

    Raises:
        ArgumentError: if it is anything else.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        bounds = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise ArgumentError(f"{name} is a whole number {bounds}, not {value!r}")
    return number


def number(name: str, value: Any, low: float, high: float = math.inf, *, above: bool = False) -> float:
    """Return `value` as a float: a number of any type from `low` to `high`; not `low` itself if `above` is set.

    Raises:
        ArgumentError: if it is anything else, such as NaN.
    """
    try:
        found = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not low <= found <= high or (above and found == low):
        lowest = f" above {low:g}" if above else f" of {low:g} or more"
        bounds = {
            (False, False): "",
            (True, False): lowest,
            (True, True): f"{lowest} and at most {high:g}" if above else f" from {low:g} to {high:g}",
        }[low > -math.inf, high < math.inf]
        raise ArgumentError(f"{name} is a number{bounds}, not {value!r}")
    return found


def path(name: str, value: Any) -> Path:
    """Return `value` as a Path.

    Raises:
        ArgumentError: if it is neither a string nor a path.
    """
    if isinstance(value, (str, os.PathLike)):
        return Path(cast("str | os.PathLike[str]", value))
    raise ArgumentError(f"{name} is a path, not {type(value).__name__}")


def pair(name: str, value: Any, low: int) -> tuple[int, int]:
    """Return `value` as two whole numbers of `low` or more. Raises ArgumentError if it is anything else."""
    try:
        first, second = value
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} is two whole numbers, not {value!r}") from None
    return whole_number(name, first, low), whole_number(name, second, low)


def has_methods(what: str, value: object, methods: str, advice: str) -> None:
    """Check that `value` has each of `methods`, names with spaces between them.

    Raises:
        ArgumentError: if one is missing; the message ends with `advice`.
    """
    missing = [each for each in methods.split() if not callable(getattr(value, each, None))]
    if missing:
        raise ArgumentError(f"{what} has no {' and no '.join(missing)}: {advice}")
