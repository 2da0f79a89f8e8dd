"""What takes finished frames: the window, the recorder, anything with these three methods."""

from __future__ import annotations

from typing import Protocol

from .frames import Frame


class Sink(Protocol):
    """Called on the thread that runs the pipeline, the main thread in this program."""

    def write(self, frame: Frame) -> None:
        """Take a frame. It is shared with other sinks: read it, never draw on it."""
        ...

    def poll(self) -> None:
        """Called at least every few hundredths of a second, also while no frame comes."""
        ...

    def close(self) -> None:
        """Finish: called once, however the run ends."""
        ...
