"""A sink that discards frames, to measure the cost of everything else."""

from __future__ import annotations

from typing import ClassVar

from .._closing import Closing
from ..frames import Frame


class NullSink(Closing):
    """Discards every frame."""

    name: ClassVar[str] = "null"
    help: ClassVar[str] = "discard the frames"

    def write(self, frame: Frame) -> None:
        """Do nothing."""

    def poll(self) -> None:
        """Do nothing."""
