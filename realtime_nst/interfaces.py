"""The protocols that the parts of the program meet at. They hold no code, so any class with these methods will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .frames import AudioChunk, Frame


class Source(Protocol):
    """A stream of frames. One thread calls `read` and `close`."""

    name: str
    """What messages call it: "camera 0", "clip.mp4"."""
    live: bool
    """Whether frames arrive in real time, whether or not they are read in time."""
    fps: float
    """Frames per second as the source states them. Cameras are known to lie."""
    size: tuple[int, int]
    """(height, width) in pixels."""

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end of the stream; block until it arrives.

        A network camera's image may be decoded only when it is first accessed, which can raise CorruptFrameError.

        Raises:
            RunError: if the stream breaks off.
        """
        ...

    def close(self) -> None:
        """Release the device or file. Calling it again does nothing."""
        ...


class Sink(Protocol):
    """A receiver of finished frames. The thread that runs the pipeline calls it: here, the main thread."""

    def write(self, frame: Frame) -> None:
        """Take a frame. Other sinks share it: read it, never draw on it."""
        ...

    def poll(self) -> None:
        """Do what cannot wait for a frame. Called every few hundredths of a second, even while no frames arrive."""
        ...

    def close(self) -> None:
        """Finish. Called once when the run ends, however it ends; calling it again does nothing."""
        ...


class AudioSource(Protocol):
    """Sound that is recorded in step with frames."""

    name: str
    """What messages call it."""
    rate: int
    """Samples per second."""
    channels: int

    @property
    def lost(self) -> bool:
        """Whether the device has stopped delivering samples, even silent ones."""
        ...

    def follow(self, source: Source) -> Source:
        """Return `source` wrapped so that sound is timed by the clock of the frames read through it."""
        ...

    def take(self) -> list[AudioChunk]:
        """Return the sound captured since the last call, with times on the clock of the followed source."""
        ...

    def close(self) -> None: ...


Notify = Callable[[str], None]
"""Tells the user one sentence."""
