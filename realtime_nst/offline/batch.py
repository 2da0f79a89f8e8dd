"""Many clips in a row, with a progress bar each; one that fails need not end the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..errors import InputError, RunError, StylizeError
from ..process import stopped_by_signals
from ..sources.clip import ClipSource
from ..styles.library import find_styles
from ..stylizer import load_stylizer
from .clip import ClipOptions, Timeline, find_clips, parse_timeline, plan_clips, stylize_clip


def stylize_clips(
    clips: Sequence[str],
    out: Path,
    style: Sequence[str],
    styles_over_time: str | None,
    network: tuple[str, str, int | None],
    options: ClipOptions,
    keep_going: bool,
    say: Callable[[str], None],
) -> None:
    """Stylize every clip into `out`; `network` is (model, device, work size).

    Raises the first error, before anything is done for what is no clip; where `keep_going` is set, after the other
    clips.
    """
    plan = plan_clips(find_clips(clips), out)
    if options.end is not None and options.end <= options.start:
        raise InputError(f"--end {options.end:g} s is not behind --start {options.start:g} s")
    moments = parse_timeline(styles_over_time) if styles_over_time else [(0.0, find_styles(style)[0])]
    if not keep_going:
        for clip, _ in plan:
            ClipSource(clip, options.start, options.end).close()
    stylizer = load_stylizer(*network, throughput=True)
    for notice in stylizer.network.notices:
        say(notice)
    say(f"model {stylizer.network.name}, {stylizer.network.runtime}, on {stylizer.network.device}")
    timeline = Timeline(
        [(moment, stylizer.encode(one.read())) for moment, one in moments],
        name=",".join(f"{moment:g}:{one.name}" for moment, one in moments),
    )
    failures: list[StylizeError] = []
    stop = threading.Event()
    with stopped_by_signals(stop):
        for clip, target in plan:
            try:
                with _progress(clip.name, say) as progress:
                    done = stylize_clip(
                        clip, target, stylizer, timeline, options, say=say, progress=progress, stop=stop
                    )
                click.echo(done)
            except StylizeError as failure:
                if not keep_going or stop.is_set():
                    raise
                failures.append(failure)
                say(f"{clip.name}: {failure}")
    if failures:
        raise RunError(f"{len(failures)} of {len(plan)} clips failed, the others are done; see above")


@contextmanager
def _progress(name: str, say: Callable[[str], None]) -> Iterator[Callable[[float, float | None], None]]:
    """A bar on a terminal; elsewhere a plain line every tenth of the clip."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines(name, say)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[frames]} frames"),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(name, total=None, frames=0, fps=0.0)
        frames = 0

        def progress(done: float, total: float | None) -> None:
            nonlocal frames
            frames += 1
            elapsed = bar.tasks[0].elapsed or 1e-9
            bar.update(task, completed=done, total=total, frames=frames, fps=frames / elapsed)

        yield progress


def _plain_lines(name: str, say: Callable[[str], None]) -> Callable[[float, float | None], None]:
    told = 0

    def progress(done: float, total: float | None) -> None:
        nonlocal told
        tenth = int(10 * done / total) if total else int(done / 10)
        if tenth > told:
            told = tenth
            say(f"{name}: {done:.1f} s" + (f" of {total:.1f} s" if total else ""))

    return progress
