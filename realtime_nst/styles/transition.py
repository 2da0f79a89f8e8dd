"""Styles over time: codes at keyframes, interpolated linearly between them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..errors import InputError
from ..frames import StyleCode
from .blending import blend
from .library import Style, find_style


class Timeline:
    """Style codes at keyframes; between two keyframes the codes are interpolated linearly.

    Args:
        keyframes: (time in seconds, code) pairs, in any order.
        name: identifies the timeline in the settings that `clip --resume` compares.
    """

    def __init__(self, keyframes: Sequence[tuple[float, StyleCode]] = (), name: str = "") -> None:
        self._keyframes = sorted(keyframes, key=lambda keyframe: keyframe[0])
        self.name = name

    def at(self, time: float) -> StyleCode | None:
        """Return the code at `time` (seconds); None while there are no keyframes.

        The first code holds before its keyframe, the last one after it.
        """
        previous: tuple[float, StyleCode] | None = None
        for moment, code in self._keyframes:
            if time < moment:
                if previous is None:
                    return code
                share = (time - previous[0]) / (moment - previous[0])
                return blend([previous[1], code], [1 - share, share])
            previous = moment, code
        return previous[1] if previous else None


class Fade(Timeline):
    """A timeline that grows as styles are chosen: each new style fades in over `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def towards(self, code: StyleCode | None, time: float, seconds: float | None = None) -> StyleCode | None:
        """Return the code at `time` on the way to `code`.

        Args:
            code: the requested style; None as long as no style is ready. The first one applies at once.
            time: seconds of the stream, non-decreasing from call to call.
            seconds: how long a new code fades in; None: as long as every new style.
        """
        if code is not None and (not self._keyframes or self._keyframes[-1][1] is not code):
            current = self.at(time)
            start = [] if current is None else [(time, current)]
            seconds = self._seconds if seconds is None else seconds
            self._keyframes = [*start, (time + seconds if start else time, code)]
        return self.at(time)


class Glide:
    """A number that follows another one smoothly, so that the steps of a key or a knob are not seen.

    Args:
        value: the number to begin with.
        seconds: time constant: two thirds of the way take so long.
    """

    def __init__(self, value: float, seconds: float = 0.12) -> None:
        self._value = value
        self._seconds = seconds
        self._time: float | None = None

    def towards(self, target: float, time: float) -> float:
        """Return the number at `time` (seconds, non-decreasing) on the way to `target`, which it reaches exactly."""
        elapsed = 0.0 if self._time is None else max(time - self._time, 0.0)
        self._time = time
        self._value += (target - self._value) * (1 - math.exp(-elapsed / self._seconds))
        if abs(target - self._value) < 0.005:
            self._value = target
        return self._value


def parse_timeline(text: str) -> list[tuple[float, Style]]:
    """Parse "0:wave,10:starry" into [(0.0, wave), (10.0, starry)].

    Raises:
        InputError: if a part is not SECONDS:STYLE.
        StyleError: if there is no such style.
    """
    keyframes = []
    for part in text.split(","):
        moment, _, name = part.strip().partition(":")
        try:
            seconds = float(moment)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf") or not name:
            raise InputError(f'--styles-over-time {part!r} is not SECONDS:STYLE, as in "0:night,10:embers"')
        keyframes.append((seconds, find_style(name)))
    return keyframes
