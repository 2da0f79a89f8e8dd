"""The unfinished file of a clip, from which a later run can resume."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import InputContainer
from av.error import FFmpegError

from ...errors import OutputError
from ...media.claims import Claim
from ...media.containers import file_url
from ...media.paths import sibling


class PartialClip:
    """A file that is being written, beside a note of the settings that it is made with.

    Only one run at a time can hold it. The frames of an interrupted run are never touched before they are safe: a run
    that resumes copies them from the earlier file, and removes that file only once its own holds as much and is
    complete.

    Attributes:
        path: the file. It can be played, whatever happens to the process.
    """

    def __init__(self, output: Path) -> None:
        """Name the partial file of `output`; nothing is written yet."""
        self.path = sibling(output, "partial")
        self._earlier = sibling(output, "earlier")
        self._claim: Claim | None = None
        self._earlier_frames = 0

    def begin(self, settings: str, *, resume: bool, overwrite: bool, notices: list[str]) -> bool:
        """Claim the file, and make way for a new one at `path`.

        Args:
            settings: everything that the output depends on.
            resume: keep the file of an interrupted run, for `copy_earlier`.
            overwrite: discard the file of an interrupted run.
            notices: receives a sentence if there is nothing to resume.

        Returns:
            Whether there is an interrupted run to resume.

        Raises:
            OutputError: if another run is writing the file, if files of these names do not come from this program, or
                if an interrupted run had other settings or would be discarded unasked. No file is changed then.
            OSError: if the folder cannot be written.
        """
        claim = self._claim = Claim(self.path.with_suffix(".json"))
        left = [path for path in (self.path, self._earlier) if path.exists()]
        try:
            self._check_left(left, claim.note, settings, resume, overwrite)
        except OutputError:
            claim.release(remove=not claim.note)
            raise
        frames = {path: _count_frames(path) for path in left} if resume else {}
        best = max(frames, key=lambda path: frames[path], default=None)
        if resume and (best is None or not frames[best]):
            state = "holds nothing that can be read" if left else "is not there"
            notices.append(f"nothing was left to resume ({self.path} {state}): beginning anew")
            best = None
        if best == self.path:
            os.replace(self.path, self._earlier)
        for path in left:
            if best is None or path == self.path:
                path.unlink(missing_ok=True)
        self._earlier_frames = frames[best] if best else 0
        try:
            if claim.note != settings:  # A note that is being rewritten would not outlive a kill.
                claim.note = settings
        except OSError:
            self.undo(resume=best is not None)
            raise
        return best is not None

    def _check_left(self, left: list[Path], note: str, settings: str, resume: bool, overwrite: bool) -> None:
        """Raise OutputError if the files in `left` must not be used or removed."""
        if not left:
            return
        if not note:
            raise OutputError(
                f"{left[0]} is in the way, and no run of this program has left it; rename it, or choose another "
                "output with -o"
            )
        if resume and note != settings:
            raise OutputError(
                f"{left[0]} was made from another clip or with other options; "
                "repeat them, or run with --overwrite and without --resume to begin anew"
            )
        if not resume and not overwrite:
            raise OutputError(
                f"an interrupted run left {left[0]}; add --resume to go on from there, or --overwrite to begin anew"
            )

    def undo(self, *, resume: bool) -> None:
        """Remove the new file because the run could not start; put back the file to be resumed."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
            if resume and self._earlier.exists():
                os.replace(self._earlier, self.path)
        self._release(remove=not resume)

    def copy_earlier(self, first_time: float, write: Callable[[av.Packet, float], None]) -> tuple[int, float]:
        """Copy the video of the interrupted run up to its last keyframe, where the encoder starts anew.

        Args:
            first_time: time of the clip's first frame, in seconds.
            write: takes each packet, in Annex B format, with the time of its frame in seconds.

        Returns:
            The number of frames copied, and the time of the next frame, in seconds.

        Raises:
            OutputError: if the interrupted run's file cannot be read.
        """
        frames, resumed = 0, 0.0
        try:
            with av.open(file_url(self._earlier)) as container:
                packets = [(packet.pts or 0, packet.is_keyframe) for packet in _video_packets(container)]
                last = max((number for number, (_, keyframe) in enumerate(packets) if keyframe), default=0)
            with av.open(file_url(self._earlier)) as container:
                stream = container.streams.video[0]
                # Matroska shifts all streams if the sound begins before 0.
                shift = min((pts for pts, _ in packets), default=0) - round(first_time / (stream.time_base or 1))
                annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
                for number, packet in enumerate(_video_packets(container)):
                    packet.pts = (packet.pts or 0) - shift
                    packet.dts = None if packet.dts is None else packet.dts - shift
                    time = float(packet.pts * packet.time_base)
                    if number == last:
                        resumed = time
                        break
                    for converted in annex_b.filter(packet):
                        write(converted, time)
                    frames += 1
        except (OSError, FFmpegError) as error:
            raise OutputError(
                f"cannot read {self._earlier} to resume: {error}; "
                "run with --overwrite and without --resume to begin anew"
            ) from error
        return frames, resumed

    def complete(self) -> None:
        """Remove the note and the earlier file: the output is finished and has its final name. Raises OSError."""
        self._earlier.unlink(missing_ok=True)
        self._release(remove=True)

    def leave(self, frames: int) -> None:
        """Leave the closed file, which holds `frames` frames, for a later run."""
        if frames >= self._earlier_frames:
            with contextlib.suppress(OSError):
                self._earlier.unlink(missing_ok=True)
        self._release(remove=False)

    def give_up(self) -> None:
        """Leave the file, which could not be closed, as it is, and the earlier one beside it."""
        self._release(remove=False)

    def _release(self, *, remove: bool) -> None:
        if self._claim is not None:
            self._claim.release(remove=remove)


def _count_frames(path: Path) -> int:
    """Return the number of readable frames of a partial file; 0 if it is empty or damaged."""
    frames = 0
    with contextlib.suppress(OSError, FFmpegError, IndexError), av.open(file_url(path)) as container:
        for _ in _video_packets(container):
            frames += 1
    return frames


def _video_packets(container: InputContainer) -> Iterator[av.Packet]:
    """Yield the video packets of a file, in the order of the file."""
    return (packet for packet in container.demux(video=0) if packet.size)
