"""Recordings that are started and stopped while frames arrive."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from .._closing import Closing
from ..frames import Frame
from ..interfaces import AudioSource
from ..media.containers import CONTAINERS
from ..media.paths import check_writable
from .recording import Recording


class Recorder(Closing):
    """A sink that writes a file while it is switched on.

    Attributes:
        ended: recordings that have ended; whoever reports one to the user removes it.
        failed: the paths of the recordings that have failed so far.
        silent: whether the microphone has stopped. Recordings then continue without sound.
    """

    name: ClassVar[str] = "recorder"
    help: ClassVar[str] = "record the frames, and the microphone if there is one, to a file"

    def __init__(self, fps: float, *, live: bool, must_succeed: bool, microphone: AudioSource | None = None) -> None:
        """Create a recorder that is switched off.

        Args:
            fps: approximate frame rate, in frames per second.
            live: encode fast enough for two cores, and drop a frame rather than delay the display; otherwise encode
                more slowly into smaller files and keep every frame.
            must_succeed: whether the recording is the only result of the run. If it has to stop, for instance because
                the disk is full, its RunError is then raised; otherwise it is added to `ended`, with its failure.
            microphone: recorded in step with the frames.
        """
        self._fps = fps
        self._live = live
        self._must_succeed = must_succeed
        self._microphone = microphone
        self._current: Recording | None = None
        self.ended: list[Recording] = []
        self.failed: list[Path] = []
        self.silent = False

    @property
    def recording(self) -> Recording | None:
        """The recording under way."""
        return self._current

    def start(self, path: Path) -> None:
        """Record from the next frame on; a recording under way is finished first.

        Raises:
            OutputError: if `path` cannot be written.
        """
        self.stop()
        self._current = Recording(
            check_writable(path, CONTAINERS), self._fps, live=self._live, microphone=self._microphone
        )

    def stop(self) -> None:
        """Finish the recording under way, if there is one.

        Raises:
            RunError: if it failed and `must_succeed` is set.
        """
        recording, self._current = self._current, None
        if recording is None:
            return
        recording.finish()
        if recording.failure is not None:
            self.failed.append(recording.path)
        if self._must_succeed and recording.failure is not None:
            raise recording.failure
        self.ended.append(recording)

    def write(self, frame: Frame) -> None:
        """Record a frame, if switched on."""
        if self._current is not None:
            self._current.write(frame)

    def poll(self) -> None:
        """Stop a recording that has failed."""
        if self._current is not None and self._current.failure is not None:
            self.stop()
        self.silent = self._microphone is not None and self._microphone.lost

    def close(self) -> None:
        """Finish the recording under way. Calling it again does nothing."""
        self.stop()
