"""A base class of sources that read a library in C, which must not be released while it is read."""

from __future__ import annotations

import threading

from .._closing import Closing
from ..errors import RunError
from ..frames import Frame


class LostError(RunError):
    """A camera or a stream delivers no more frames, although it has no end.

    Attributes:
        problem: what happened to it, as a clause that names it.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; check its cable or network and start again")
        self.problem = problem


class GuardedSource(Closing):
    """A base class of sources: one thread reads it, any thread may close it.

    Releasing a library's device or connection while another thread reads it crashes the process. `close` therefore
    leaves the release to a read that is under way, such as one that waits for a camera that hangs.
    """

    name: str

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._closed = False

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end of the stream; block until it arrives.

        Raises:
            RunError: if the stream breaks off, or if the source was closed.
        """
        try:
            with self._reading:
                if self._closed:
                    raise RunError(f"{self.name} has been closed")
                return self._read()
        finally:
            if self._closed:
                self.close()

    def close(self) -> None:
        """Release the source, now or when the read under way returns. Calling it again does nothing."""
        self._closed = True
        if self._reading.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._reading.release()

    def _read(self) -> Frame | None:
        raise NotImplementedError

    def _release(self) -> None:
        """Release the library's object. It may be called again."""
        raise NotImplementedError
