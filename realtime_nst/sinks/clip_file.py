"""Stylized clips as files: H.264 beside the original's sound, subtitles and metadata.

The frames go into a partial file that stays playable whatever happens; it gets its final name only when it is
whole, and what an interrupted run left can be gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.video.reformatter import ColorTrc

from ..errors import OutputError, RunError
from ..frames import Frame
from ..media.containers import CONTAINERS, file_url, index_first, open_output
from ..media.h264 import choose_encoder, describe, encoder_options, even, even_size, to_video
from .stream_copy import OriginalClip, StreamCopier


class ClipWriter:
    """A sink that writes stylized frames of `size` (height, width) beside the original clip's other streams.

    `out` appears when `finish` is called; until then the frames are in `partial`, which stays playable. A keyframe
    comes every `keyframe_seconds`. `pixel_aspect` is a pixel's width to its height. `settings` is kept beside the
    partial file; with `resume` a partial file of the same settings is taken over up to its last keyframe, whose
    time is `resumed`. Raises OutputError where the folder cannot be written, the file's ending names no container
    or the partial file has other settings.
    """

    def __init__(
        self,
        out: Path,
        source: OriginalClip,
        size: tuple[int, int],
        *,
        pixel_aspect: Fraction = Fraction(1),
        encoder: str = "auto",
        crf: int = 20,
        preset: str = "veryfast",
        keyframe_seconds: float = 2.0,
        settings: str = "",
        resume: bool = False,
    ):
        if out.suffix.lower() not in CONTAINERS:
            raise OutputError(f"cannot write {out}: a clip must end in one of {', '.join(CONTAINERS)}")
        self.out = out
        self.partial = out.with_name(f"{out.stem}.partial{out.suffix}")
        self.notices: list[str] = []
        self.frames = 0
        self.resumed = 0.0
        self._source = source
        self._matroska = out.suffix.lower() == ".mkv"
        self._note = self.partial.with_suffix(".json")
        self._earlier = out.with_name(f"{out.stem}.earlier{out.suffix}")
        size = even_size(size)
        encoder = choose_encoder(encoder, size, self.notices)
        resume = resume and self._set_earlier_aside(settings)
        if not resume:
            self._earlier.unlink(missing_ok=True)
        self._container = self._open_partial()
        self._note.write_text(settings)
        self._companions = StreamCopier(source, self._container, self.notices)
        self._container.metadata.update(source.stream.container.metadata)
        if self._matroska:  # in an MP4 chapters are a track of their own, which fragments cannot have
            self._container.set_chapters(self._companions.chapters)
        if source.stream.codec_context.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67):
            self.notices.append("its HDR colours are taken as they are: the result looks flatter than the original")
        self._video = self._add_video(size, encoder, encoder_options(encoder, crf, preset), keyframe_seconds)
        self._video.sample_aspect_ratio = pixel_aspect
        self._last = -1
        if resume:
            self._copy_earlier()

    def _set_earlier_aside(self, settings: str) -> bool:
        """Put the partial file aside for copying; False where there is none. Raises OutputError for another run's."""
        # Where a resuming run was killed while it copied, what it copied from is still there, and holds more.
        begun = self._earlier if self._earlier.exists() else self.partial
        if not begun.exists() or not self._note.exists():
            self.notices.append(f"nothing was left to resume ({self.partial} is not there): beginning anew")
            return False
        if self._note.read_text() != settings:
            raise OutputError(
                f"{begun} was made from another clip or with other options; "
                "repeat them, or run without --resume to begin anew"
            )
        os.replace(begun, self._earlier)
        return True

    def _open_partial(self) -> av.container.OutputContainer:
        try:
            return open_output(self.partial)
        except (OSError, av.error.FFmpegError) as error:
            raise OutputError(
                f"cannot write {self.partial}: {error.strerror or error}; choose another folder with -o"
            ) from error

    def _add_video(self, size, encoder: str, options: dict[str, str], keyframe_seconds: float) -> av.VideoStream:
        original = self._source.stream
        rate = original.average_rate or original.guessed_rate or Fraction(30)
        video = self._container.add_stream(encoder, rate=rate, options=options)
        describe(video, size, self._source.time_base)
        video.codec_context.gop_size = max(1, round(float(rate) * keyframe_seconds))
        if "language" in original.metadata:
            video.metadata["language"] = original.metadata["language"]
        return video

    def _copy_earlier(self) -> None:
        """Copy the frames before the last keyframe: all of them are whole, and the encoder begins anew there."""
        try:
            with av.open(file_url(self._earlier)) as container:
                packets = [(packet.pts, packet.is_keyframe) for packet in _packets(container)]
                last = max((number for number, (_, key) in enumerate(packets) if key), default=0)
            with av.open(file_url(self._earlier)) as container:
                stream = container.streams.video[0]
                # Matroska moves everything by what its sound begins before 0.
                moved = min((pts for pts, _ in packets), default=0) - round(self._source.first_time / stream.time_base)
                annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
                for number, packet in enumerate(_packets(container)):
                    packet.pts -= moved
                    packet.dts = None if packet.dts is None else packet.dts - moved
                    time = float(packet.pts * packet.time_base)
                    if number == last:
                        self.resumed = time
                        break
                    self._companions.mux_until(time)
                    for converted in annex_b.filter(packet):
                        converted.stream = self._video
                        self._container.mux(converted)
                    self.frames += 1
        except (OSError, av.error.FFmpegError) as error:
            raise OutputError(
                f"cannot read {self._earlier} to resume: {error}; run without --resume to begin anew"
            ) from error
        self._earlier.unlink()

    def write(self, frame: Frame) -> None:
        """Encode one frame at its time; the sound up to that time is written with it."""
        base = self._source.time_base
        # Encoders refuse two frames at one time, which some clips have.
        self._last = max(round(frame.time / base), self._last + 1)
        try:
            self._container.mux(self._video.encode(to_video(even(frame.image), self._last, base)))
            self._companions.mux_until(frame.time)
        except (OSError, av.error.FFmpegError) as error:
            raise self._failed(error) from error
        self.frames += 1

    def poll(self) -> None:
        """Nothing to do between frames."""

    def close(self) -> None:
        """The end of the run does not tell whether the clip is whole: `finish` or `abandon` does."""

    def finish(self) -> Path:
        """Write what is buffered and the rest of the sound, and give the file its final name."""
        try:
            self._container.mux(self._video.encode())
            self._companions.mux_until(None)
            self._container.close()
            self._companions.close()
            if self._matroska:
                os.replace(self.partial, self.out)
            else:
                index_first(self.partial, self.out, self._companions.chapters)
                self.partial.unlink()
        except (OSError, av.error.FFmpegError) as error:
            raise self._failed(error) from error
        self._note.unlink()
        return self.out

    def abandon(self) -> None:
        """End the partial file so that it plays, and leave it under its own name."""
        try:
            self._container.mux(self._video.encode())
            self._container.close()
        except (OSError, av.error.FFmpegError):
            pass  # The fragments already written stay readable; the failure that led here is the one to tell.
        self._companions.close()

    def _failed(self, error: OSError) -> RunError:
        return RunError(
            f"writing {self.partial} failed after {self.frames} frames: {error.strerror or error}; "
            f"what was written plays. Make room or choose another folder, then run again"
        )


def _packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """The video packets of a file, in the order of the file."""
    return (packet for packet in container.demux(video=0) if packet.size)
