"""Recordings that are switched on and off while frames come."""

from __future__ import annotations

from pathlib import Path

from ..frames import Frame
from ..interfaces import AudioSource
from ..media.containers import CONTAINERS
from ..media.paths import check_writable
from .recording import Recording


class Recorder:
    """A sink that writes a file while it is switched on.

    live: encode fast enough for two cores, and rather lose a frame than hold up the picture; otherwise take
    the time for smaller files and keep every frame. must_succeed: raise the RunError of a recording that has
    to stop (a full disk), as nothing else comes of the run; otherwise it is among `ended`, with its failure.
    microphone: recorded in step with the frames.
    """

    def __init__(self, fps: float, *, live: bool, must_succeed: bool, microphone: AudioSource | None = None) -> None:
        self._fps = fps
        self._live = live
        self._must_succeed = must_succeed
        self._microphone = microphone
        self._current: Recording | None = None
        self.ended: list[Recording] = []
        """Recordings that have come to their end, for whoever tells the user to take out."""
        self.silent = False
        """The microphone has stopped; recordings go on without sound."""

    @property
    def recording(self) -> Recording | None:
        """The recording under way."""
        return self._current

    def start(self, path: Path) -> None:
        """Record the frames that come from now on. Raises OutputError where `path` cannot be written."""
        self.stop()
        self._current = Recording(
            check_writable(path, CONTAINERS), self._fps, live=self._live, microphone=self._microphone
        )

    def stop(self) -> None:
        """Finish the file, if one is being recorded."""
        recording, self._current = self._current, None
        if recording is None:
            return
        recording.finish()
        if self._must_succeed and recording.failure is not None:
            raise recording.failure
        self.ended.append(recording)

    def write(self, frame: Frame) -> None:
        if self._current is not None:
            self._current.write(frame)

    def poll(self) -> None:
        if self._current is not None and self._current.failure is not None:
            self.stop()
        self.silent = self._microphone is not None and self._microphone.lost

    def close(self) -> None:
        self.stop()
