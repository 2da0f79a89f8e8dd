"""A clip or a scene played in real time."""

from __future__ import annotations

import time

from .._closing import Closing
from ..frames import Frame
from ..interfaces import Source


class RealtimeSource(Closing):
    """Plays a source that delivers frames as fast as they are read, such as a clip, in real time.

    Attributes:
        name, fps, size: those of the source.
    """

    live = True

    def __init__(self, source: Source) -> None:
        """Play `source`, which is closed together with this one."""
        self._source = source
        self.name = source.name
        self.fps = source.fps
        self.size = source.size
        self._began: float | None = None

    def read(self) -> Frame | None:
        """Return the next frame when it is due, or None at the end. The first one is due at once."""
        frame = self._source.read()
        if frame is not None:
            now = time.perf_counter()
            self._began = now - frame.time if self._began is None else self._began
            time.sleep(max(self._began + frame.time - now, 0))
        return frame

    def close(self) -> None:
        """Close the source."""
        self._source.close()
