"""Frames played by their own times: a clip, a scene, or a stream that comes in lumps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .._closing import Closing
from ..frames import Frame
from ..interfaces import Source

LATEST = 0.5
"""Seconds behind its time after which a frame moves the clock: the source paused, or it is slower than real time."""

LONGEST_PAUSE = 60.0
"""Seconds between two frames beyond which the source's clock has jumped. Slide shows pause for less."""


class Playback:
    """The clock that frames are played by. It follows the frames' times; where these jump, it goes on.

    A source that pauses moves the clock too, so that what comes late is played at its own pace.

    Attributes:
        began: time.perf_counter at time 0.
    """

    def __init__(self, began: float | None = None) -> None:
        """Start a clock.

        Args:
            began: time.perf_counter at time 0. None: the first frame is due at once, at its own time.
        """
        self.began = began
        self._shift = 0.0
        self._previous: float | None = None
        self._step = 0.0

    def schedule(self, time_stated: float) -> tuple[float, float]:
        """Return when the next frame is due, by time.perf_counter, and its time in seconds, which never goes back.

        Args:
            time_stated: the frame's own time in seconds.
        """
        now = time.perf_counter()
        self.began = now - time_stated if self.began is None else self.began
        if self._previous is None:
            self._shift = now - self.began - time_stated
        elif 0 <= (step := time_stated - self._previous) <= LONGEST_PAUSE:
            self._step = step
        else:
            self._shift += self._previous + self._step - time_stated
        self._previous = time_stated
        late = now - (self.began + time_stated + self._shift)
        if late > LATEST:
            self._shift += late
        return self.began + time_stated + self._shift, time_stated + self._shift


class RealtimeSource(Closing):
    """Plays a source that delivers frames as fast as they are read, such as a clip, in real time.

    Attributes:
        name, fps, size: those of the source.
    """

    live = True

    def __init__(self, source: Source, again: Callable[[], Source] | None = None) -> None:
        """Play `source`, which is closed together with this one.

        Args:
            source: the source.
            again: opens it again at its end; None: its end is the end.
        """
        self._source = source
        self._again = again
        self._began = False
        self.name = source.name
        self.fps = source.fps
        self.size = source.size
        self._playback = Playback()
        self._interrupted = threading.Event()

    def read(self) -> Frame | None:
        """Return the next frame when it is due, or None at the end. The first one is due at once."""
        frame = self._source.read()
        if frame is None and self._again is not None and self._began:  # one without frames would repeat for ever
            self._source.close()
            self._source = self._again()
            frame = self._source.read()
        if frame is None:
            return None
        self._began = True
        due, moment = self._playback.schedule(frame.time)
        self._interrupted.wait(max(due - time.perf_counter(), 0))
        return Frame(frame.image, moment)

    def interrupt(self) -> None:
        """End the wait until the next frame is due. Any thread may call it."""
        self._interrupted.set()
        if isinstance(self._source, Closing):
            self._source.interrupt()

    def close(self) -> None:
        """Close the source."""
        self._source.close()
