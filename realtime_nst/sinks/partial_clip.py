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

from ..errors import OutputError
from ..media.containers import file_url


class PartialClip:
    """A file that is being written, beside a note of the settings it is made with.

    Attributes:
        path: the file. It plays, whatever happens to the process.
    """

    def __init__(self, output: Path) -> None:
        """Name the partial file of `output`; nothing is written yet."""
        self.path = output.with_name(f"{output.stem}.partial{output.suffix}")
        self._note = self.path.with_suffix(".json")
        self._earlier = output.with_name(f"{output.stem}.earlier{output.suffix}")

    def begin(self, settings: str, *, resume: bool, notices: list[str]) -> bool:
        """Make way for a new file at `path`.

        Args:
            settings: all that the output depends on.
            resume: keep what an interrupted run left, for `copy_earlier`.
            notices: gets a sentence if there is nothing to resume.

        Returns:
            Whether there is an interrupted run to resume.

        Raises:
            OutputError: if the interrupted run had other settings.
        """
        if not resume:
            self._earlier.unlink(missing_ok=True)
            return False
        # A resuming run that was killed while it copied leaves the file that it copied from, which holds more.
        interrupted = self._earlier if self._earlier.exists() else self.path
        if not interrupted.exists() or not self._note.exists():
            notices.append(f"nothing was left to resume ({self.path} is not there): beginning anew")
            self._earlier.unlink(missing_ok=True)
            return False
        if self._note.read_text() != settings:
            raise OutputError(
                f"{interrupted} was made from another clip or with other options; "
                "repeat them, or run without --resume to begin anew"
            )
        os.replace(interrupted, self._earlier)
        return True

    def note_settings(self, settings: str) -> None:
        """Keep the settings beside the file. Raises OSError."""
        self._note.write_text(settings)

    def undo(self, *, resume: bool) -> None:
        """Remove the new file because the run could not start; put back what was to be resumed."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
            if not resume:
                self._note.unlink(missing_ok=True)
            elif self._earlier.exists():
                os.replace(self._earlier, self.path)

    def copy_earlier(self, first_time: float, write: Callable[[av.Packet, float], None]) -> tuple[int, float]:
        """Copy the video of the interrupted run up to its last keyframe, where the encoder starts anew.

        Args:
            first_time: time of the clip's first frame, in seconds.
            write: takes each packet, in Annex B format, with the time of its frame in seconds.

        Returns:
            How many frames were copied, and the time of the frame that comes next, in seconds.

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
                f"cannot read {self._earlier} to resume: {error}; run without --resume to begin anew"
            ) from error
        self._earlier.unlink()
        return frames, resumed

    def complete(self) -> None:
        """Remove the note: the file is finished and has its final name. Raises OSError."""
        self._note.unlink()


def _video_packets(container: InputContainer) -> Iterator[av.Packet]:
    """Yield the video packets of a file, in the order of the file."""
    return (packet for packet in container.demux(video=0) if packet.size)
