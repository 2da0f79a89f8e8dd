"""A camera or a stream that is waited for when it goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np

from .._closing import Closing
from .._queue import FrameQueue, QueueClosed
from ..errors import CorruptFrameError, RunError, StylizeError
from ..frames import Frame
from .guarded import LostError

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds before the second attempt to open a source again, and the most that the growing pauses reach."""

SILENCE = 2.0
"""Seconds without a frame after which the user is told that none comes."""

STILL = 0.25
"""Seconds between two repetitions of the last frame while none comes."""


class LiveSource(Protocol):
    """A camera or a stream that may go away."""

    name: str
    live: bool
    fps: float
    size: tuple[int, int]
    faces_user: bool
    timeout: float
    began: float | None

    def read(self) -> Frame | None: ...

    def close(self) -> None: ...


class ReconnectingSource(Closing):
    """Reads a camera or a stream, and opens it again when it goes away.

    A thread of its own reads it, so `read` never waits long, and gets the newest frames even if the source was open for
    a while. While no frames come, `read` repeats the last one, so that recordings, viewers and sound go on. The times
    of the frames are those of the wall clock, across all interruptions.

    Attributes:
        name, fps, size, faces_user, timeout: those of the source.
        messages: what has happened to the source; whoever reports a message removes it.
    """

    live = True

    def __init__(self, source: LiveSource, reopen: Callable[[], LiveSource | None], patience: float) -> None:
        """Start reading.

        Args:
            source: an open source; it is closed together with this one.
            reopen: opens it again, or raises SourceError or RunError; None: the stream is finished.
            patience: seconds to wait for a source that has gone; 0: it ends at once.
        """
        self.name, self.fps, self.size = source.name, source.fps, source.size
        self.faces_user, self.timeout = source.faces_user, source.timeout
        self.messages: list[str] = []
        self._source = source
        self._reopen = reopen
        self._patience = patience
        self._silence = max(SILENCE, 3 / source.fps)
        self._frames: FrameQueue[Frame] = FrameQueue(8, drop=True)
        self._began_reading = False
        self._last: Frame | None = None
        self._arrived = time.perf_counter()
        self._lost: tuple[str, float] | None = None
        """What has happened to the source, and until when it is waited for, by time.perf_counter."""
        self._failure: BaseException | None = None
        self._ended = False
        self._closing = threading.Event()
        threading.Thread(target=self._guarded, name="camera", daemon=True).start()

    @property
    def waiting(self) -> str:
        """A sentence for the user while no frames come; otherwise empty."""
        if self._ended:
            return ""
        if self._lost is not None:
            problem, until = self._lost
            return f"{problem}: waiting for it ({max(until - time.perf_counter(), 0):.0f} s left)"
        if self._patience and self._began_reading and time.perf_counter() - self._arrived > self._silence:
            return f"{self.name} sends nothing: waiting for it"
        return ""

    def read(self) -> Frame | None:
        """Return the next frame, or the last one again if none comes; None at the end of the stream.

        Raises:
            LostError: if the source has gone and does not come back.
        """
        if not self._began_reading:  # Only what arrives from now on is new.
            self._began_reading = True
            self._take_all()
        while True:
            try:
                frame = self._frames.get(STILL)
            except QueueClosed:
                if self._failure is not None:
                    raise self._failure from None
                return None
            if frame is not None:
                self._last = frame
                return frame
            silence = time.perf_counter() - self._arrived
            if self._lost is None and silence > self.timeout + self._patience:  # its driver hangs
                raise LostError(f"{self.name} has sent nothing for {silence:.0f} s")
            if self.waiting and self._source.began is not None:
                return self._still(time.perf_counter() - self._source.began)

    def interrupt(self) -> None:
        """End the stream: `read` returns None. Any thread may call it."""
        self._closing.set()
        self._frames.end(discard=True)

    def close(self) -> None:
        """Close the source. Calling it again does nothing."""
        self.interrupt()
        self._source.close()

    def _take_all(self) -> None:
        try:
            while self._frames.get(0) is not None:
                pass
        except QueueClosed:
            pass

    def _still(self, moment: float) -> Frame:
        """Return the last frame again, or a black one if it cannot be decoded."""
        try:
            image = self._last.image if self._last is not None else None
        except CorruptFrameError:
            image = None
        return Frame(np.zeros((*self.size, 3), np.uint8) if image is None else image, moment)

    def _guarded(self) -> None:
        try:
            self._work()
        except QueueClosed:
            pass
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ended = True
            self._frames.end()
            self._source.close()

    def _work(self) -> None:
        while True:
            try:
                frame = self._source.read()
            except LostError as lost:
                self._wait_for_return(lost)
                continue
            if frame is None:
                return
            self._arrived = time.perf_counter()
            self._frames.put(frame)

    def _wait_for_return(self, lost: LostError) -> None:
        """Open the source again. Raises LostError if it does not come back, and QueueClosed if it is not needed."""
        self._source.close()
        if not self._patience:
            raise lost
        gone = time.perf_counter()
        until = gone + self._patience
        self._lost = (lost.problem, until)
        self.messages.append(f"{lost.problem}; waiting up to {self._patience:g} s for it")
        pause, reason = FIRST_PAUSE, ""
        while True:
            if self._closing.is_set():
                raise QueueClosed
            try:
                source = self._reopen()
            except StylizeError as error:
                reason = str(error)
            else:
                break
            left = until - time.perf_counter()
            if left <= 0:
                raise RunError(
                    f"{lost.problem} and did not come back within {self._patience:g} s (last attempt: {reason}); "
                    "--reconnect SECONDS waits longer"
                )
            self._closing.wait(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
        if source is None:
            self.messages.append(f"{self.name} is finished")
            raise QueueClosed
        source.began = self._source.began
        self._source = source
        self._arrived = time.perf_counter()
        self._lost = None
        self.messages.append(f"{self.name} is back after {time.perf_counter() - gone:.0f} s")
        if self._closing.is_set():
            raise QueueClosed
