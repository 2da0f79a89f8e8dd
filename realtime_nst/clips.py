"""Clips in and out, through PyAV: nothing of the original is lost but its look.

`ClipSource` reads every frame the right way up with its exact time. `ClipWriter` writes frames as H.264
beside the original's sound, subtitles and metadata, into a partial file that stays playable whatever
happens, and gives the file its final name only when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2  # noqa: F401, I001  first: loaded after PyAV, its window hangs once a stream was opened
import av
import numpy as np

from .companions import Companions
from .errors import OutputError, RunError, SourceError
from .frames import Frame, Picture

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv")
"""The endings that a stylized clip can have."""


class ClipSource:
    """Every frame of a clip's best video stream, in order, from `start` to `end` (seconds of the clip).

    Times count from `start`. Raises SourceError where the file is missing, is no clip or holds no video.
    """

    live = False

    def __init__(self, path: str | Path, start: float = 0.0, end: float | None = None):
        self.path = Path(path)
        self.name = self.path.name
        self.start, self.end = start, end
        self._container = open_clip(self.path)
        stream = self._container.streams.best("video")
        if stream is None:
            self._container.close()
            raise SourceError(f"{path} holds no video; give a clip with pictures in it")
        stream.thread_type = "AUTO"
        self.stream = stream
        self.time_base: Fraction = stream.time_base
        self.fps = float(stream.average_rate or stream.guessed_rate or 30)
        self.duration = self._find_duration()
        if start and self.duration is not None and start >= self.duration:
            self._container.close()
            raise SourceError(f"--start {start:g} lies behind the end of {path} ({self.duration:.2f} s)")
        self.damaged = 0
        """How many packets could not be decoded; the clip goes on behind them."""
        if start:
            self._container.seek(int(start / self.time_base), stream=stream, backward=True)
        self._frames = self._decode()
        self._next = next(self._frames, None)
        if self._next is None:
            self._container.close()
            raise SourceError(f"{path} holds no picture that can be decoded; the file is empty or damaged")
        self.size = self._next.picture.shape[:2]

    def _find_duration(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        frame, self._next = self._next, next(self._frames, None) if self._next else None
        return frame

    def skip_to(self, time: float) -> None:
        """Go to the frame at `time` (seconds from `start`), which `read` then gives next."""
        moment = self.start + time
        self._container.seek(int(moment / self.time_base), stream=self.stream, backward=True)
        behind = time - float(self.time_base) / 2
        self._frames = (frame for frame in self._decode() if frame.time >= behind)
        self._next = next(self._frames, None)

    def close(self) -> None:
        self._container.close()

    def _decode(self) -> Iterator[Frame]:
        for frame in self._decoded():
            if frame.pts is None:
                continue
            time = float(frame.pts * self.time_base)
            # Half a tick of tolerance: the bound came from the command line in decimal seconds.
            if time < self.start - self.time_base / 2:
                continue
            if self.end is not None and time >= self.end:
                return
            yield Frame(_upright(frame), float(time - self.start))

    def _decoded(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1
            except av.error.FFmpegError as error:
                raise RunError(f"reading {self.path} failed under way: {error.strerror}") from error


def open_clip(path: Path) -> av.container.InputContainer:
    """Open a file for demuxing. Raises SourceError with FFmpeg's own words."""
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except av.error.InvalidDataError as error:
        raise SourceError(f"{path} is not a clip that can be read, or its end is missing: {error.strerror}") from error
    except (OSError, av.error.FFmpegError) as error:
        raise SourceError(f"cannot open {path}: {error.strerror or error}") from error
    if container.format.name == "tty":
        container.close()
        raise SourceError(f"{path} is a text file, which FFmpeg would draw as a terminal; give a clip")
    return container


def _upright(frame: av.VideoFrame) -> Picture:
    """The frame as BGR with the container's rotation applied."""
    if frame.colorspace == 2:
        # Unspecified: players take BT.709 for high definition and BT.601 below.
        frame.colorspace = 1 if frame.height >= 720 else 5
    picture = frame.to_ndarray(format="bgr24")
    if frame.rotation:
        picture = np.rot90(picture, k=round(frame.rotation / 90))
    return np.ascontiguousarray(picture)


class ClipWriter:
    """A sink that writes stylized frames beside the original clip's other streams.

    `out` appears when `finish` is called; until then the frames are in `partial`, which stays playable
    (fragments of at most `keyframe_seconds`). `encoder` "auto" takes the first hardware encoder that opens, then
    libx264. `settings` is kept beside the partial file; with `resume` a partial file of the same settings is taken
    over up to its last keyframe, whose time is `resumed`. Raises OutputError where the folder cannot be written,
    the file's ending names no container or there is nothing to resume.
    """

    def __init__(
        self,
        out: Path,
        source: ClipSource,
        *,
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
        self._encoder = choose_encoder(encoder, self.notices)
        self._crf, self._preset, self._keyframe_seconds = crf, preset, keyframe_seconds
        self._note = self.partial.with_suffix(".json")
        earlier = self._take_earlier(settings) if resume else None
        self._container = _open_partial(self.partial)
        self._note.write_text(settings)
        self._companions = Companions(source, self._container, self.notices)
        self._container.metadata.update(source.stream.container.metadata)
        self._video = None
        if earlier:
            self._copy_earlier(earlier)

    def _take_earlier(self, settings: str) -> Path:
        """Put the partial file aside for copying. Raises OutputError where it is missing or another run's."""
        if not self.partial.exists() or not self._note.exists():
            raise OutputError(f"there is nothing to resume: {self.partial} is not there; run without --resume")
        if self._note.read_text() != settings:
            raise OutputError(
                f"{self.partial} was made from another clip or with other options; "
                "repeat them, or run without --resume to begin anew"
            )
        earlier = self.partial.with_name(f"{self.out.stem}.earlier{self.out.suffix}")
        os.replace(self.partial, earlier)
        return earlier

    def _copy_earlier(self, earlier: Path) -> None:
        """Copy the frames before the last keyframe: all of them are whole, and the encoder begins anew there."""
        try:
            with av.open(str(earlier)) as container:
                stream = container.streams.video[0]
                size = (stream.height, stream.width)
                packets = [packet for packet in container.demux(stream) if packet.dts is not None]
                keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
                if len(keys) > 1:
                    self._video = self._add_video(size)
                    self.resumed = float(packets[keys[-1]].pts * stream.time_base)
                    annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
                    for packet in packets[: keys[-1]]:
                        self._companions.mux_until(float(packet.pts * packet.time_base))
                        for converted in annex_b.filter(packet):
                            converted.stream = self._video
                            self._container.mux(converted)
                        self.frames += 1
        except (OSError, av.error.FFmpegError) as error:
            raise OutputError(f"cannot read {earlier} to resume: {error}; run without --resume") from error
        earlier.unlink()

    def write(self, frame: Frame) -> None:
        """Encode one frame at its time; the sound up to that time is written with it."""
        picture = even(frame.picture)
        if self._video is None:
            self._video = self._add_video(picture.shape[:2])
        encoded = av.VideoFrame.from_numpy_buffer(picture, format="bgr24")
        encoded = encoded.reformat(
            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG", interpolation="AREA"
        )
        encoded.time_base = self._source.time_base
        encoded.pts = round(frame.time / self._source.time_base)
        try:
            self._container.mux(self._video.encode(encoded))
            self._companions.mux_until(frame.time)
        except (OSError, av.error.FFmpegError) as error:
            raise self._failed(error) from error
        self.frames += 1

    def _add_video(self, size: tuple[int, int]):
        rate = self._source.stream.average_rate or self._source.stream.guessed_rate or Fraction(30)
        video = self._container.add_stream(self._encoder, rate=rate)
        video.height, video.width = size
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = self._source.time_base
        context = video.codec_context
        context.gop_size = max(1, round(float(rate) * self._keyframe_seconds))
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # limited, "tv"
        video.options = encoder_options(self._encoder, self._crf, self._preset)
        if "language" in self._source.stream.metadata:
            video.metadata["language"] = self._source.stream.metadata["language"]
        return video

    def poll(self) -> None:
        """Nothing to do between frames."""

    def close(self) -> None:
        """The end of the run does not tell whether the clip is whole: `finish` or `abandon` does."""

    def finish(self) -> Path:
        """Write what is buffered and the rest of the sound, and give the file its final name."""
        try:
            if self._video is not None:
                self._container.mux(self._video.encode())
            self._companions.mux_until(None)
            self._container.close()
            self._companions.close()
            _index_first(self.partial, self.out)
        except (OSError, av.error.FFmpegError) as error:
            raise self._failed(error) from error
        self.partial.unlink()
        self._note.unlink()
        return self.out

    def abandon(self) -> None:
        """End the partial file so that it plays, and leave it under its own name."""
        try:
            if self._video is not None:
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


HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf")
"""Encoders that need a device; FFmpeg lists them whether or not it is there."""


def choose_encoder(asked: str, notices: list[str]) -> str:
    """The encoder to use: `asked`, or for "auto" the first of HARDWARE that opens, else libx264.

    What fails is named in `notices`. Raises OutputError where the one asked for does not exist.
    """
    if asked == "auto":
        found = next((name for name in HARDWARE if name in av.codecs_available and _opens(name)), "libx264")
        if found != "libx264":
            notices.append(f"encoding with {found}; --encoder libx264 makes smaller files, slower")
        return found
    if asked not in av.codecs_available:
        raise OutputError(f"there is no encoder {asked}; try --encoder libx264 or auto")
    if not _opens(asked):
        notices.append(f"the encoder {asked} does not open on this machine: encoding with libx264 instead")
        return "libx264"
    return asked


def encoder_options(encoder: str, crf: int, preset: str) -> dict[str, str]:
    """Constant quality `crf` in the encoder's own words."""
    return {
        "libx264": {"crf": str(crf), "preset": preset},
        "h264_nvenc": {"rc": "vbr", "cq": str(crf), "b:v": "0"},
        "h264_qsv": {"global_quality": str(crf)},
        "h264_videotoolbox": {"q:v": str(max(1, 100 - 2 * crf))},
        "h264_amf": {"rc": "cqp", "qp_i": str(crf), "qp_p": str(crf)},
    }.get(encoder, {})


def _opens(encoder: str) -> bool:
    """Whether the encoder takes a frame: the only way to know that its device is there."""
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt, context.time_base = 256, 256, "yuv420p", Fraction(1, 30)
    try:
        context.encode(av.VideoFrame(256, 256, "yuv420p"))
        context.encode(None)
    except (av.error.FFmpegError, OSError):
        return False
    return True


def even(picture: Picture) -> Picture:
    """The picture with its last row and column doubled where a side is odd, as yuv420p needs even sides."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return picture


def _open_partial(path: Path) -> av.container.OutputContainer:
    # Fragments that are flushed survive a kill; delay_moov keeps times exact where frames are reordered.
    options = {"flush_packets": "1"}
    if path.suffix.lower() != ".mkv":
        options["movflags"] = "hybrid_fragmented+frag_keyframe+delay_moov"
    try:
        with open(path, "wb"):
            pass
        return av.open(str(path), "w", options=options)
    except (OSError, av.error.FFmpegError) as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another folder with -o") from error


def _index_first(partial: Path, out: Path) -> None:
    """Copy the packets into a file whose index comes first, so that browsers play it while it loads."""
    whole = out.with_name(f"{out.stem}.whole{out.suffix}")
    options = {} if out.suffix.lower() == ".mkv" else {"movflags": "faststart"}
    try:
        with av.open(str(partial)) as source, av.open(str(whole), "w", options=options) as target:
            streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
            for index, stream in streams.items():
                stream.metadata.update(source.streams[index].metadata)
            target.metadata.update(source.metadata)
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
        os.replace(whole, out)
    finally:
        whole.unlink(missing_ok=True)
