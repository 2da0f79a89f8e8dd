"""Output to the terminal: results on standard output; notices and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..nst.fit import FitProgress
    from ..nst.optimize import Progress as Step
    from ..offline.batch import Event
    from ..styles.library import Style

# rich takes longer to load than everything else here, so the functions that need it import it.


def say(message: str) -> None:
    """Print a notice to standard error; standard output is for results only."""
    click.echo(message, err=True)


def say_default_styles(styles: Sequence[Style]) -> None:
    """Name the styles that are used because the user chose none."""
    word = "style" if len(styles) == 1 else "styles"
    say(f"{word}: {', '.join(style.name for style in styles)} (choose with --style)")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table to standard output, its columns fitted to the terminal."""
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(*(Column(title, overflow="fold") for title in head), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    # In a file or a pipe a row stays on one line.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@contextmanager
def status_line(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner with `text`, which the function in the `as` clause replaces."""
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


@contextmanager
def download_bar(text: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show the progress of a download; the yielded function takes the bytes so far and in total (None: unknown)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(text), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def steps_bar(total: int) -> Iterator[Callable[[Step], None]]:
    """Show the progress of an optimization of `total` steps, with both losses, from its first step on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("", total=total)
    with ExitStack() as shown:

        def update(state: Step) -> None:
            if state.step == 1:
                shown.enter_context(bar)
            height, width = state.size
            losses = f"{width}x{height}: content {state.content:.3g}, style {state.style:.3g}"
            bar.update(task, completed=state.step, description=losses)

        yield update


@contextmanager
def fit_bar() -> Iterator[Callable[[FitProgress], None]]:
    """Show the progress of a fit, with its losses, from its first step on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task("", total=1.0)
    with ExitStack() as shown:

        def update(state: FitProgress) -> None:
            if state.step == 1:
                shown.enter_context(bar)
            losses = f"step {state.step}: content {state.content:.2f}, style {state.style:.3f}"
            bar.update(task, completed=state.done, description=f"{losses}, strokes {state.strokes:.3f}")

        yield update


class BatchDisplay:
    """Shows the events of a batch: a bar for the current clip on a terminal; elsewhere a line for each tenth of it."""

    def __init__(self) -> None:
        self._bar = ExitStack()
        self._progress: Callable[[float, float | None], None] = lambda done, total: None

    def __enter__(self) -> BatchDisplay:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def __call__(self, event: Event) -> None:
        from ..offline.batch import Failed, Finished, Notice, Progressed, Started

        match event:
            case Notice(message):
                say(message)
            case Started(job):
                self._progress = self._bar.enter_context(_clip_progress(job.output.name))
            case Progressed(_, done, total):
                self._progress(done, total)
            case Finished(_, output):
                self._bar.close()
                click.echo(output)
            case Failed(job, error):
                self._bar.close()
                say(f"{job.input.name}: {error}")


@contextmanager
def _clip_progress(name: str) -> Iterator[Callable[[float, float | None], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines(name)
        return

    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

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


def _plain_lines(name: str) -> Callable[[float, float | None], None]:
    reported = 0

    def progress(done: float, total: float | None) -> None:
        nonlocal reported
        tenth = int(10 * done / total) if total else int(done / 10)
        if tenth > reported:
            reported = tenth
            say(f"{name}: {done:.1f} s" + (f" of {total:.1f} s" if total else ""))

    return progress
