"""Clips and scenes played by the clock."""

from __future__ import annotations

import time

from ..frames import Frame
from ..interfaces import Source


class RealtimeSource:
    """Plays a source that gives frames as fast as they are read, such as a clip, by the clock."""

    live = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.fps = source.fps
        self.size = source.size
        self._began: float | None = None

    def read(self) -> Frame | None:
        """The next frame, when it is due."""
        frame = self._source.read()
        if frame is not None:
            now = time.perf_counter()
            self._began = now - frame.time if self._began is None else self._began
            time.sleep(max(self._began + frame.time - now, 0))
        return frame

    def close(self) -> None:
        self._source.close()
