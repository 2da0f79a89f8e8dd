"""How much footage there is in clips, without decoding it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SourceError
from ..media.demuxer import Demuxer
from .job import ClipJob


@dataclass(frozen=True)
class Footage:
    """What a clip will be made of, as its file states it."""

    job: ClipJob
    seconds: float | None = None
    """Seconds of the output; None: the file does not state its duration."""
    frames: int | None = None
    """Number of frames; None: unknown."""
    error: SourceError | None = None
    """Why the clip cannot be read."""


def survey(jobs: Iterable[ClipJob]) -> list[Footage]:
    """Return the footage of every job, from the headers of its clip."""
    return [_footage(job) for job in jobs]


def _footage(job: ClipJob) -> Footage:
    options = job.options
    try:
        with Demuxer(job.input) as clip:
            duration = clip.container.duration
            stated = clip.video.duration and float(clip.video.duration * clip.time_base)
            length = stated or (duration / 1_000_000 if duration else None)
            frames, rate = clip.video.frames, float(clip.rate)
    except SourceError as error:
        return Footage(job, error=error)
    if length is None:
        return Footage(job)
    if options.start >= length:
        late = f"--start {options.start:g} is beyond the end of {job.input} ({length:.2f} s)"
        return Footage(job, error=SourceError(late))
    seconds = min(length, options.end or length) - options.start
    return Footage(job, seconds, frames if frames and seconds == length else round(seconds * rate))
