"""From one style to the next: codes that move instead of jumping."""

from __future__ import annotations

from ..frames import StyleCode
from ..stylizer import blend


class Fade:
    """The code to show while the wanted one changes: linearly from the last shown to the new one, within `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._before: StyleCode | None = None
        self._wanted: StyleCode | None = None
        self._shown: StyleCode | None = None
        self._began = 0.0

    def towards(self, code: StyleCode | None, time: float) -> StyleCode | None:
        """The code at `time` (seconds of the stream, rising), where `code` is wanted; the first is shown at once."""
        if code is not self._wanted:
            self._before, self._wanted, self._began = self._shown, code, time
        share = (time - self._began) / self._seconds if self._seconds else 1.0
        if self._before is None or share >= 1:
            self._shown = code
        else:
            self._shown = blend([self._before, code], [1 - share, share])
        return self._shown
