"""Stylized clips: each input through the pipeline, no frame lost, its sound beside it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError, OutputError, RunError, SourceError
from ..frames import Frame, Image, StyleCode
from ..media.containers import CONTAINERS
from ..pipeline import RenderParams, run
from ..sinks.clip_file import ClipWriter
from ..sources.clip import ClipSource
from ..styles.library import Style, find_styles
from ..stylizer import Stylizer, blend
from ..temporal.filter import TemporalFilter

CLIPS = (*CONTAINERS, ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".gif")
"""The endings that a folder of clips is searched for."""


@dataclass(frozen=True)
class ClipOptions:
    """How clips are to be turned; each is explained by `realtime-nst clip --help`."""

    strength: float = 1.0
    keep_colors: bool = False
    steady: bool = True
    start: float = 0.0
    end: float | None = None
    size: tuple[int, int] | None = None
    """(width, height) of the result; None: the clip's own."""
    scale: float = 1.0
    encoder: str = "auto"
    crf: int = 20
    overwrite: bool = False
    resume: bool = False
    side_by_side: bool = False


class Timeline:
    """Styles over time: codes at moments, blended linearly between them."""

    def __init__(self, moments: Sequence[tuple[float, StyleCode]], name: str = ""):
        self._moments = sorted(moments, key=lambda moment: moment[0])
        self.name = name
        """Tells it from others, for `--resume`."""

    def at(self, time: float) -> StyleCode:
        """The code at `time` seconds; the first and last hold before and after."""
        before, code = self._moments[0]
        for moment, following in self._moments:
            if time < moment:
                share = (time - before) / (moment - before) if moment > before else 1.0
                return blend([code, following], [1 - max(share, 0.0), max(share, 0.0)])
            before, code = moment, following
        return code


def parse_timeline(text: str) -> list[tuple[float, Style]]:
    """ "0:wave,10:starry" as [(0.0, wave), (10.0, starry)]. Raises InputError or StyleError."""
    moments = []
    for part in text.split(","):
        moment, _, name = part.strip().partition(":")
        try:
            seconds = float(moment)
        except ValueError:
            seconds = -1.0
        if seconds < 0 or not name:
            raise InputError(f'--styles-over-time {part!r} is not SECONDS:STYLE, as in "0:night,10:embers"')
        moments.append((seconds, find_styles([name])[0]))
    return moments


def find_clips(wanted: Sequence[str]) -> list[Path]:
    """The clips that files and folders stand for. Raises SourceError for one that stands for nothing."""
    clips: list[Path] = []
    for one in wanted:
        path = Path(one)
        if not path.exists():
            raise SourceError(f"there is no clip {one}")
        found = sorted(p for p in path.iterdir() if p.suffix.lower() in CLIPS) if path.is_dir() else [path]
        if not found:
            raise SourceError(f"the folder {path} holds no clips ({', '.join(CLIPS)})")
        clips += found
    return clips


def plan_clips(clips: Sequence[Path], out: Path) -> list[tuple[Path, Path]]:
    """(clip, file to write) for each; several clips need a folder, which is made. Raises OutputError."""
    if out.suffix.lower() in CONTAINERS and not out.is_dir():
        if len(clips) > 1:
            raise OutputError(f"{len(clips)} clips cannot go into one file {out}; give a folder: -o {out.stem}/")
        plan = [(clips[0], out)]
    elif out.suffix and not out.is_dir():
        raise OutputError(f"cannot write {out}: a clip must end in one of {', '.join(CONTAINERS)}")
    else:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise OutputError(f"cannot make the folder {out}: {reason.strerror or reason}") from reason
        plan = [(clip, out / f"{clip.stem}.mp4") for clip in clips]
    targets = [target.resolve() for _, target in plan]
    for clip, target in plan:
        if target.exists() and target.samefile(clip):
            raise OutputError(f"{target} is the clip itself; choose another name or folder with -o")
        if targets.count(target.resolve()) > 1:
            raise OutputError(f"two of the clips would both become {target}; give them different folders")
    return plan


def stylize_clip(
    clip: Path,
    out: Path,
    stylizer: Stylizer,
    timeline: Timeline,
    options: ClipOptions,
    *,
    say: Callable[[str], None] = lambda message: None,
    progress: Callable[[float, float | None], None] = lambda done, total: None,
    stop: threading.Event | None = None,
) -> Path:
    """Stylize one clip into `out`; `say` gets notices, `progress` the seconds done and all (None: unknown).

    Raises SourceError for what is no clip and OutputError for what cannot be written, before anything is; RunError
    for what fails under way. Then, and when `stop` is set, the frames done are in a partial file, named in the error.
    """
    if out.exists() and not options.overwrite:
        if options.resume:
            say(f"{out} is whole: nothing is left to do")
            return out
        raise OutputError(f"{out} exists; add --overwrite, or choose another name with -o")
    stop = stop or threading.Event()
    clip_source = ClipSource(clip, options.start, options.end)
    source = _Sized(clip_source, options, stop)
    height, width = source.size
    try:
        writer = ClipWriter(
            out,
            clip_source,
            (height, 2 * width) if options.side_by_side else (height, width),
            pixel_aspect=Fraction(1) if options.size else clip_source.pixel_aspect,
            encoder=options.encoder,
            crf=options.crf,
            settings=_settings(clip, stylizer, timeline, options),
            resume=options.resume,
        )
    except BaseException:
        clip_source.close()
        raise
    for notice in writer.notices:
        say(f"{clip.name}: {notice}")
    if writer.resumed:
        say(f"{clip.name}: going on at {writer.resumed:.2f} s, {writer.frames} frames are done")
        clip_source.skip_to(writer.resumed)
    length = (min(options.end or np.inf, clip_source.duration) - options.start) if clip_source.duration else None
    maker = _SideBySide(stylizer.network, stylizer.processing_size) if options.side_by_side else stylizer
    try:
        run(
            source,
            maker,
            [writer, _Progress(progress, length)],
            lambda frame: RenderParams(timeline.at(frame.time), options.strength, keep_colors=options.keep_colors),
            live=False,
            deflicker=options.steady,
        )
    except BaseException:
        writer.abandon()
        raise
    if not source.ended:
        writer.abandon()
        raise RunError(
            f"stopped after {writer.frames} frames of {clip.name}: {writer.partial} holds them and plays; "
            f"the same command with --resume goes on from there"
        )
    if clip_source.damaged:
        say(f"{clip.name}: {clip_source.damaged} damaged packets were left out")
    if length and source.last + 2 / clip_source.fps < length:
        say(f"{clip.name} breaks off at {source.last:.2f} s of {length:.2f} s; {out.name} holds what there is")
    return writer.finish()


def _settings(clip: Path, stylizer: Stylizer, timeline: Timeline, options: ClipOptions) -> str:
    """What a clip is made from and with: a run with other settings cannot go on where this one stopped."""
    made = asdict(options) | {"resume": None, "overwrite": None}
    made |= {"clip": clip.name, "bytes": clip.stat().st_size, "styles": timeline.name}
    made |= {"model": stylizer.network.name, "processing_size": stylizer.processing_size}
    return json.dumps(made, sort_keys=True)


class _Sized:
    """A clip scaled to the size asked for, which ends early when `stop` is set; knows whether it was read whole."""

    live = False

    def __init__(self, source: ClipSource, options: ClipOptions, stop: threading.Event):
        self._source, self._stop = source, stop
        self.name, self.fps = source.name, source.fps
        self.size = source.size
        if options.size or options.scale != 1.0:
            width, height = options.size or source.size[::-1]
            self.size = tuple(max(2, round(side * options.scale / 2) * 2) for side in (height, width))
        self.ended = False
        self.last = 0.0

    def read(self) -> Frame | None:
        if self._stop.is_set():
            return None
        frame = self._source.read()
        if frame is None:
            self.ended = True
            return None
        self.last = frame.time
        if frame.image.shape[:2] == self.size:
            return frame
        smaller = self.size[0] < frame.image.shape[0]
        method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return Frame(cv2.resize(frame.image, self.size[::-1], interpolation=method), frame.time)

    def close(self) -> None:
        self._source.close()


class _SideBySide(Stylizer):
    """The original to the left of the stylized picture."""

    def begin(
        self,
        image: Image,
        params: RenderParams,
        content: StyleCode | None = None,
        temporal_filter: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        end = super().begin(image, params, content, temporal_filter)
        return lambda: np.hstack([image, end()])


class _Progress:
    """A sink that tells how far the clip is."""

    def __init__(self, progress: Callable[[float, float | None], None], length: float | None):
        self._progress, self._length = progress, length

    def write(self, frame: Frame) -> None:
        self._progress(frame.time, self._length)

    def poll(self) -> None:
        pass

    def close(self) -> None:
        pass
