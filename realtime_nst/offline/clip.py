"""Stylized clips: every frame of the input goes through the pipeline, and its sound is copied."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from .. import _arguments
from ..errors import ArgumentError, InputError, RunError
from ..frames import Frame, Image, RenderParams, StyleCode, check_code
from ..interfaces import Notify
from ..media.paths import check_overwrite
from ..pipeline import run
from ..sinks.clip.clip_file import ClipWriter
from ..sources.clip import ClipSource
from ..styles.transition import Timeline
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter


@dataclass(frozen=True)
class ClipOptions:
    """How to stylize and encode a clip; `realtime-nst clip --help` explains each option."""

    render: RenderParams = field(default_factory=lambda: RenderParams(None))
    """How every frame is rendered; the timeline supplies the style code."""
    deflicker: bool = True
    start: float = 0.0
    """Seconds of the input at which the output begins."""
    end: float | None = None
    """Seconds of the input at which the output ends; None: at its end."""
    size: tuple[int, int] | None = None
    """(width, height) of the output in pixels; None: the input's."""
    scale: float = 1.0
    """Factor on the output's size."""
    encoder: str = "auto"
    """FFmpeg's name of an H.264 encoder, or "auto"."""
    crf: int = 20
    """Quality, 0 (lossless) to 51."""
    overwrite: bool = False
    """Replace an existing output."""
    resume: bool = False
    """Continue where an interrupted run with the same options stopped."""
    side_by_side: bool = False
    """Put the original on the left of the stylized image."""

    def __post_init__(self) -> None:
        if not isinstance(self.render, RenderParams):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentError(f"render is RenderParams, not {type(self.render).__name__}")
        _arguments.number("strength", self.render.strength, 0, 1)
        _arguments.number("start", self.start, 0)
        _arguments.number("scale", self.scale, 0, 8, above=True)
        _arguments.whole_number("crf", self.crf, 0, 51)
        if self.size is not None:
            _arguments.pair("size", self.size, 2)
        if self.end is not None:
            _arguments.number("end", self.end, 0)
        if self.end is not None and self.end <= self.start:
            raise InputError(f"--end {self.end:g} s is not after --start {self.start:g} s")


def stylize_clip(
    input: str | Path,
    output: str | Path,
    stylizer: Stylizer,
    style: StyleCode | Timeline,
    options: ClipOptions = ClipOptions(),
    *,
    say: Notify = lambda message: None,
    progress: Callable[[float, float | None], None] = lambda done, total: None,
    stop: threading.Event | None = None,
) -> Path:
    """Stylize a clip: same length, same timing, same sound.

    Args:
        input: the clip to read, in any format that FFmpeg decodes.
        output: the file to write: .mp4, .mov or .mkv.
        stylizer: the network and its processing size.
        style: one style for the whole clip (float32 vector), or a timeline in seconds of the output.
        options: how the clip is rendered, cut, scaled and encoded.
        say: receives notices, one sentence each.
        progress: called after every frame with the seconds done and the seconds in total (None if unknown).
        stop: set it, from any thread, to stop early.

    Returns:
        The path of the file written.

    Raises:
        SourceError: if `input` is not a readable clip; nothing was written.
        OutputError: if `output` exists or cannot be written; nothing was written.
        RunError: if it failed or was stopped; the message names the partial file, which can be played.
        ArgumentError: if an argument has the wrong type or range; nothing was written.
    """
    input, output = _arguments.path("input", input), _arguments.path("output", output)
    if not isinstance(style, Timeline):
        check_code(style)
    if output.exists() and options.resume and not options.overwrite:
        say(f"{output} is complete: nothing is left to do")
        return output
    check_overwrite(output, options.overwrite)
    timeline = style if isinstance(style, Timeline) else Timeline([(0.0, style)])
    with contextlib.closing(ClipSource(input, options.start, options.end)) as clip:
        source = _ClipReader(clip, options, stop or threading.Event())
        height, width = source.size
        writer = ClipWriter(
            output,
            clip,
            (height, 2 * width) if options.side_by_side else (height, width),
            pixel_aspect=Fraction(1) if options.size else clip.pixel_aspect,
            encoder=options.encoder,
            crf=options.crf,
            settings=_settings(input, stylizer, timeline, options),
            resume=options.resume,
            overwrite=options.overwrite,
        )
        told = len(writer.notices)
        for notice in writer.notices:
            say(f"{input.name}: {notice}")
        length = _length(clip, options)
        renderer = _SideBySide(stylizer.network, stylizer.processing_size) if options.side_by_side else stylizer
        try:
            if writer.resumed:
                say(f"{input.name}: going on at {writer.resumed:.2f} s, {writer.frames} frames are done")
                clip.skip_to(writer.resumed)
            run(
                source,
                renderer,
                [writer, _ProgressSink(progress, length, 1 / clip.fps)],
                lambda frame: options.render._replace(code=timeline.at(frame.time)),
                live=False,
                deflicker=options.deflicker,
            )
        except BaseException:
            writer.abandon()
            raise
        if not source.ended:
            writer.abandon()
            raise RunError(
                f"stopped after {writer.frames} frames of {input.name}: {writer.partial} holds them and plays; "
                f"the same command with --resume continues from there"
            )
        finished = writer.finish()
        for notice in [*_oddities(clip), *writer.notices[told:]]:
            say(f"{input.name}: {notice}")
        pauses = sum(jump.step for jump in clip.jumps if jump.step > 0)
        end = max(source.last + clip.last_duration, writer.sound_end) + pauses
        if length and end + 2 / clip.fps < length:
            say(f"{input.name} breaks off at {end:.2f} s of {length:.2f} s; {output.name} holds what there is")
        return finished


def _oddities(clip: ClipSource) -> Iterator[str]:
    """Yield a sentence for everything that was odd about a clip that has been read."""
    if clip.damaged:
        yield f"{clip.damaged} damaged packets were left out"
    if clip.refitted is not None:
        height, width = clip.size
        yield f"its pictures change their size at {clip.refitted:.1f} s: fitted into {width}x{height} with black bars"
    jumps = [jump for jump in clip.jumps if jump.time >= clip.start]
    if jumps:
        places = [f"at {jump.time - clip.start:.1f} s by {jump.step:+.1f} s" for jump in jumps[:3]]
        more = f" and {len(jumps) - 3} more times" if len(jumps) > 3 else ""
        yield f"the times in the file jump {', '.join(places)}{more}; pictures and sound go on without a break"


def _length(clip: ClipSource, options: ClipOptions) -> float | None:
    """Return the seconds that the output will last; None if the clip does not state its duration."""
    if not clip.duration:
        return None
    end = clip.duration if options.end is None else min(options.end, clip.duration)
    return end - options.start


def _settings(input: Path, stylizer: Stylizer, timeline: Timeline, options: ClipOptions) -> str:
    """Return all settings that the output depends on, as JSON: a run with other settings cannot resume this one."""
    settings = asdict(options) | {"render": options.render._asdict(), "resume": None, "overwrite": None}
    settings |= {"clip": input.name, "bytes": input.stat().st_size, "styles": timeline.name}
    settings |= {"model": stylizer.network.name, "processing_size": stylizer.processing_size}
    return json.dumps(settings, sort_keys=True)


class _ClipReader:
    """A clip scaled to the size of the output, which ends early when `stop` is set."""

    live = False

    def __init__(self, clip: ClipSource, options: ClipOptions, stop: threading.Event) -> None:
        self._clip, self._stop = clip, stop
        self.name, self.fps = clip.name, clip.fps
        self.size: tuple[int, int] = clip.size
        if options.size or options.scale != 1.0:
            width, height = options.size or clip.size[::-1]
            self.size = _even(height * options.scale), _even(width * options.scale)
        self.ended = False
        """Whether the clip was read to its end."""
        self.last = 0.0
        """Time of the last frame read, in seconds."""

    def read(self) -> Frame | None:
        if self._stop.is_set():
            return None
        frame = self._clip.read()
        if frame is None:
            self.ended = True
            return None
        self.last = frame.time
        if frame.image.shape[:2] == self.size:
            return frame
        smaller = self.size[0] < frame.image.shape[0]
        method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return frame._replace(image=cv2.resize(frame.image, self.size[::-1], interpolation=method))

    def close(self) -> None:
        self._clip.close()


def _even(side: float) -> int:
    """Return the nearest even number of pixels, which H.264 needs; at least 2."""
    return max(2, round(side / 2) * 2)


class _SideBySide(Stylizer):
    """A stylizer that puts the original on the left of the stylized image."""

    def begin(
        self,
        image: Image,
        params: RenderParams,
        content: StyleCode | None = None,
        temporal_filter: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        end = super().begin(image, params, content, temporal_filter)
        return lambda: np.hstack([image, end()])


class _ProgressSink:
    """A sink that reports progress up to the end of each frame, so that the last frame completes it."""

    def __init__(
        self, progress: Callable[[float, float | None], None], length: float | None, frame_seconds: float
    ) -> None:
        self._progress, self._length, self._frame_seconds = progress, length, frame_seconds

    def write(self, frame: Frame) -> None:
        done = frame.time + self._frame_seconds
        if self._length is not None and frame.time > self._length:  # recordings were joined
            self._length = None
        self._progress(done if self._length is None else min(done, self._length), self._length)

    def poll(self) -> None:
        """Do nothing: progress comes with the frames."""

    def close(self) -> None:
        """Do nothing: there is nothing to finish."""
