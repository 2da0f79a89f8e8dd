"""Stylized clips as files: H.264 beside the original's sound, subtitles and metadata."""

from __future__ import annotations

import contextlib
import errno
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import ClassVar

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.reformatter import ColorTrc

from ..._closing import Closing
from ...errors import OutputError, RunError
from ...frames import Frame
from ...media.containers import CONTAINERS, index_first, open_output
from ...media.h264 import choose_encoder, configure_stream, encoder_options, even_size, pad_even, to_yuv420p
from ...media.paths import replace
from .partial_clip import PartialClip
from .stream_copy import OriginalClip, StreamCopier, without_timecode

SLIDE_SECONDS = 0.2
"""Shortest duration of the first frame of a slide show, in which the last frame's own duration matters too."""


class ClipWriter(Closing):
    """A sink that writes stylized frames beside the other streams of the original clip.

    Frames go to a partial file, which can be played whatever happens; `finish` completes it and gives it its final
    name. A `with` block that ends earlier abandons the partial file, from which a later run can resume.

    Attributes:
        output: the final file.
        partial: the partial file.
        frames: number of frames written, including those of the resumed run.
        resumed: where a resumed run continues, in seconds; 0 for a new one.
        sound_end: where the sound or subtitles written so far end, in seconds.
        notices: sentences for the user about differences from the original.
    """

    name: ClassVar[str] = "clip file"
    help: ClassVar[str] = "write the frames beside the sound and subtitles of the original clip"

    def __init__(
        self,
        output: Path,
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
        overwrite: bool = False,
    ) -> None:
        """Create the partial file.

        Args:
            output: the final file; its ending names the container.
            source: the original clip.
            size: (height, width) of the frames in pixels. Odd sides are padded.
            pixel_aspect: width of a displayed pixel divided by its height.
            encoder: FFmpeg's name of an H.264 encoder, or "auto".
            crf: quality, 0 to 51; lower is better.
            preset: x264's preset, which trades time for file size.
            keyframe_seconds: seconds between keyframes.
            settings: everything that the frames depend on; kept beside the partial file.
            resume: continue after the last keyframe of a partial file that has the same settings.
            overwrite: replace `output`, and discard the partial file of an interrupted run.

        Raises:
            OutputError: if the folder cannot be written, the file extension names no container, another run is writing
                the same output, or an interrupted run's file may be neither resumed nor discarded. No file is changed
                in these cases.
            SourceError: if the original cannot be opened again.
        """
        if output.suffix.lower() not in CONTAINERS:
            raise OutputError(f"cannot write {output}: a clip must end in one of {', '.join(CONTAINERS)}")
        self.output = output
        self.notices: list[str] = []
        self.frames = 0
        self.resumed = 0.0
        self._source = source
        self._matroska = output.suffix.lower() == ".mkv"
        self._partial = PartialClip(output)
        self.partial = self._partial.path
        self._overwrite = overwrite
        self._ended = False
        self._last_pts = -1
        self._held: av.VideoFrame | None = None
        size = even_size(size)
        encoder = choose_encoder(encoder, size, self.notices)
        try:
            resume = self._partial.begin(settings, resume=resume, overwrite=overwrite, notices=self.notices)
            with contextlib.ExitStack() as cleanup:
                cleanup.callback(self._partial.undo, resume=resume)
                self._container = open_output(self.partial)
                cleanup.callback(self._container.close)
                self._companions = StreamCopier(source, self._container, self.notices)
                cleanup.callback(self._companions.close)
                self._copy_metadata()
                self._video = self._add_video(size, encoder, encoder_options(encoder, crf, preset), keyframe_seconds)
                self._video.sample_aspect_ratio = pixel_aspect
                if resume:
                    self.frames, self.resumed = self._partial.copy_earlier(source.first_time, self._write_copied)
                cleanup.pop_all()
        except (OSError, FFmpegError) as error:
            raise OutputError(
                f"cannot write {self.partial}: {error.strerror or error}; choose another folder with -o"
            ) from error

    @property
    def sound_end(self) -> float:
        return self._companions.end

    def _copy_metadata(self) -> None:
        original = self._source.stream
        tags = without_timecode(original.container.metadata, self._container)
        self._container.metadata.update(tags)
        if len(tags) < len(original.container.metadata):
            self.notices.append("its timecode is not kept")
        if self._matroska:  # In an MP4, chapters are a track of their own, which fragments cannot have.
            self._container.set_chapters(self._companions.chapters)
        if original.codec_context.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67):
            self.notices.append("its HDR colours are taken as they are: the result looks flatter than the original")

    def _add_video(
        self, size: tuple[int, int], encoder: str, options: dict[str, str], keyframe_seconds: float
    ) -> av.VideoStream:
        original = self._source.stream
        rate = self._source.rate
        video: av.VideoStream = self._container.add_stream(encoder, rate=rate, options=options)  # pyright: ignore
        configure_stream(video, size, self._source.time_base)
        video.codec_context.flags |= Flags.frame_duration  # or the last frame would get that of the one before
        if self._source.last_duration > SLIDE_SECONDS:
            # An MP4 states durations in the order of decoding: with B-frames the last picture's own would be lost.
            video.codec_context.max_b_frames = 0
        video.codec_context.gop_size = max(1, round(float(rate) * keyframe_seconds))
        if "language" in original.metadata:
            video.metadata["language"] = original.metadata["language"]
        return video

    def _write_copied(self, packet: av.Packet, time: float) -> None:
        self._companions.mux_until(time)
        packet.stream = self._video
        self._container.mux(packet)

    def write(self, frame: Frame) -> None:
        """Encode a frame at its time, and write the sound up to that time.

        Raises:
            RunError: if it cannot be written, because the disk is full for instance.
        """
        time_base = self._source.time_base
        # Some clips have two frames at the same time, which encoders refuse.
        self._last_pts = max(round(frame.time / time_base), self._last_pts + 1)
        encoded = to_yuv420p(pad_even(frame.image), self._last_pts, time_base)
        try:
            self._encode_held(encoded.pts)
            self._companions.mux_until(frame.time)
        except (OSError, FFmpegError) as error:
            raise self._failure(error) from error
        self._held = encoded
        self.frames += 1

    def _encode_held(self, until: int | None) -> None:
        """Encode the held-back frame, whose duration is known once the next frame has its timestamp (`until`)."""
        held, self._held = self._held, None
        if held is not None:
            end = until or (held.pts or 0) + round(self._source.last_duration / self._source.time_base)
            held.duration = max(end - (held.pts or 0), 1)
            self._container.mux(self._video.encode(held))

    def poll(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing: the end of a run does not tell whether the clip is complete. `finish` or `abandon` does."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def finish(self) -> Path:
        """Write the buffered frames and the rest of the sound, and give the file its final name.

        Returns:
            The final file.

        Raises:
            RunError: if it cannot be written.
        """
        self._ended = True
        try:
            with contextlib.closing(self._companions), contextlib.closing(self._container):
                self._encode_held(None)
                self._container.mux(self._video.encode())
                self._companions.mux_until(None)
            if self.output.exists() and not self._overwrite:
                self._partial.leave(self.frames)
                raise RunError(
                    f"{self.output} appeared while it was being made, and is not replaced; "
                    f"the finished clip is {self.partial}"
                )
            if self._matroska:
                replace(self.partial, self.output)
            else:
                index_first(self.partial, self.output, self._companions.chapters)
                self.partial.unlink()
            self._partial.complete()
        except (OSError, FFmpegError) as error:
            self._partial.give_up()
            raise self._failure(error) from error
        return self.output

    def abandon(self) -> None:
        """End the partial file so that it can be played, and leave it for a later run. No effect after `finish`."""
        if self._ended:
            return
        self._ended = True
        # Flushed data stays readable; the failure that led here is the one to report.
        with contextlib.suppress(OSError, FFmpegError):
            with contextlib.closing(self._container):
                self._encode_held(None)
                self._container.mux(self._video.encode())
            self._partial.leave(self.frames)
        self._partial.give_up()
        self._companions.close()

    def _failure(self, error: OSError | FFmpegError) -> RunError:
        advice = "make room on the disk" if error.errno == errno.ENOSPC else "choose another folder or encoder"
        return RunError(
            f"writing {self.partial} failed after {self.frames} frames: {error.strerror or error}; "
            f"what was written plays; {advice}, then run again with --resume"
        )
