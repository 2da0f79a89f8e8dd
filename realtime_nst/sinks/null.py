"""A sink that takes frames and does nothing with them: what the rest costs is measured on it."""

from __future__ import annotations

from ..frames import Frame


class NullSink:
    """Takes every frame and keeps none."""

    def write(self, frame: Frame) -> None:
        """Do nothing."""

    def poll(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
