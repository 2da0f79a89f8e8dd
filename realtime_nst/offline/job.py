"""A clip to be stylized, as one picklable value, and the worker that stylizes it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..frames import StyleCode
from ..interfaces import Notify
from ..media.paths import check_overwrite
from ..sources.clip import ClipSource
from ..styles.library import Style
from ..styles.transition import Timeline
from ..stylizer import Stylizer, load_stylizer
from .clip import ClipOptions, stylize_clip


@dataclass(frozen=True)
class ClipJob:
    """A clip to be stylized. It can be pickled, so that another process can run it."""

    input: Path
    output: Path
    styles: tuple[tuple[float, Style], ...]
    """(seconds of the output, style) keyframes; a single one at 0 applies one style to the whole clip."""
    model: str = "auto"
    device: str = "auto"
    processing_size: int | None = None
    fitted: bool = True
    """Use the style vectors that were fitted, where there are some."""
    options: ClipOptions = field(default_factory=ClipOptions)


def check_job(job: ClipJob) -> None:
    """Check before any work that `job` can be run.

    Raises:
        SourceError: if the input is not a readable clip, or ends before the requested start.
        OutputError: if the output exists and must not be replaced.
    """
    options = job.options
    check_overwrite(job.output, options.overwrite or options.resume)
    ClipSource(job.input, options.start, options.end).close()


class ClipWorker:
    """Runs one job after another in this process; opens each network and encodes each style once.

    Networks share the processors that the process may use (its affinity mask, if the system has one).

    Args:
        say: receives notices, one sentence each.
    """

    def __init__(self, say: Notify = lambda message: None) -> None:
        self._say = say
        self._stylizers: dict[tuple[str, str, int | None, bool], Stylizer] = {}
        self._codes: dict[tuple[Stylizer, Path], StyleCode] = {}

    def prepare(self, jobs: Iterable[ClipJob]) -> None:
        """Open the networks and encode the styles of `jobs`, so that errors in them appear before any work.

        Raises:
            ModelError, DeviceError, StyleError: as in `load_stylizer` and `Style.read`.
        """
        for job in jobs:
            self._timeline(job)

    def run(
        self,
        job: ClipJob,
        *,
        progress: Callable[[float, float | None], None] = lambda done, total: None,
        stop: threading.Event | None = None,
    ) -> Path:
        """Stylize the clip of `job`; see `stylize_clip` for arguments, result and errors."""
        return stylize_clip(
            job.input,
            job.output,
            self._stylizer(job),
            self._timeline(job),
            job.options,
            say=self._say,
            progress=progress,
            stop=stop,
        )

    def _stylizer(self, job: ClipJob) -> Stylizer:
        key = (job.model, job.device, job.processing_size, job.fitted)
        if key not in self._stylizers:
            stylizer = self._stylizers[key] = load_stylizer(
                job.model, job.device, job.processing_size, self._say, throughput=True, fitted=job.fitted
            )
            network = stylizer.network
            for notice in network.notices:
                self._say(notice)
            self._say(f"model {network.name}, {network.runtime}, on {network.device}")
        return self._stylizers[key]

    def _timeline(self, job: ClipJob) -> Timeline:
        stylizer = self._stylizer(job)
        return Timeline(
            [(time, self._code(stylizer, style)) for time, style in job.styles],
            name=",".join(f"{time:g}:{style.name}{_mark(stylizer, style)}" for time, style in job.styles),
        )

    def _code(self, stylizer: Stylizer, style: Style) -> StyleCode:
        key = (stylizer, style.path)
        if key not in self._codes:
            self._codes[key] = stylizer.encode_style(style)
        return self._codes[key]


def _mark(stylizer: Stylizer, style: Style) -> str:
    """Return what tells a clip in a fitted style from one in the predicted style, for `clip --resume`."""
    vector = stylizer.fitted_vector(style)
    return "" if vector is None else f" fitted {hashlib.sha256(vector.tobytes()).hexdigest()[:8]}"


def run_job(job: ClipJob, say: Notify = lambda message: None) -> Path:
    """Stylize the clip of `job` in this process and return the file written; see `ClipWorker` for several jobs."""
    return ClipWorker(say).run(job)
