"""Output to the terminal: results on standard output; notices and progress on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.progress import TaskID

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
    """Shows the events of a batch: on a terminal a bar for each clip under way; elsewhere a line for each tenth of it.

    Args:
        clips: the number of clips of the batch; with several, it also shows how many are done.
    """

    def __init__(self, clips: int) -> None:
        self._clips = clips
        self._done = 0
        self._progress: dict[Path, Callable[[float, float | None], None]] = {}
        self._bars: _ClipBars | None = None

    def __enter__(self) -> BatchDisplay:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            self._bars = _ClipBars(console, self._clips)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bars:
            self._bars.close()

    def __call__(self, event: Event) -> None:
        from ..offline.batch import Failed, Finished, Notice, Progressed, Started

        match event:
            case Notice(message):
                self._print(message)
            case Started(job):
                name = job.output.name
                self._progress[job.output] = self._bars.add(job.output) if self._bars else _plain_lines(name)
            case Progressed(job, done, total):
                self._progress[job.output](done, total)
            case Finished(job, output):
                self._done += 1
                if self._bars:
                    self._bars.ended(job.output)
                self._print(str(output), result=True)
                if self._clips > 1 and not self._bars:
                    say(f"{self._done} of {self._clips} clips are done")
            case Failed(job, error):
                if self._bars:
                    self._bars.ended(job.output)
                self._print(f"{job.input.name}: {error}")

    def _print(self, text: str, *, result: bool = False) -> None:
        """Print a notice or a result; on a terminal with bars, above these."""
        if self._bars and (not result or sys.stdout.isatty()):
            self._bars.print(text)
        else:
            click.echo(text, err=not result)


class _ClipBars:
    """Bars on a terminal: one for each clip under way, and one for all clips if there are several."""

    def __init__(self, console: Console, clips: int) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[frames]} frames"),
            TextColumn("{task.fields[fps]:.1f} fps"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,  # results go to standard output, wherever that is
        )
        self._console = console
        self._clips, self._ended = clips, 0
        self._tasks: dict[Path, TaskID] = {}
        self._parts: dict[Path, float] = {}
        """For each clip under way, how much of it is done, 0 to 1."""
        self._all: TaskID | None = None

    def add(self, output: Path) -> Callable[[float, float | None], None]:
        """Show a bar for a clip; return the function that takes its progress."""
        if self._clips > 1 and self._all is None:
            self._all = self._bars.add_task("", total=self._clips, frames=0, fps=0.0)
        if output in self._tasks:  # another process goes on with it
            self._bars.remove_task(self._tasks[output])
        task = self._tasks[output] = self._bars.add_task(output.name, total=None, frames=0, fps=0.0)
        self._bars.start()

        def progress(done: float, total: float | None) -> None:
            self._step(task, completed=done, total=total)
            self._parts[output] = done / total if total else 0.0
            self._show_all(1)

        return progress

    def _step(self, task: TaskID, frames: int = 1, **changes: Any) -> None:
        row = self._bars.tasks[self._bars.task_ids.index(task)]
        frames += row.fields["frames"]
        self._bars.update(task, frames=frames, fps=frames / (row.elapsed or 1e-9), **changes)

    def _show_all(self, frames: int) -> None:
        if self._all is not None:
            done = self._ended + sum(self._parts.values())
            self._step(self._all, frames, completed=done, description=f"{self._ended} of {self._clips} clips")

    def ended(self, output: Path) -> None:
        """Leave the last state of a clip's bar above the others."""
        self._ended += 1
        self._parts.pop(output, None)
        task = self._tasks.pop(output, None)
        if task is not None:
            row = self._bars.tasks[self._bars.task_ids.index(task)]
            self._console.print(self._bars.make_tasks_table([row]))
            self._bars.remove_task(task)
        self._show_all(0)

    def print(self, text: str) -> None:
        """Print above the bars."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Remove the bars."""
        self._bars.stop()


def _plain_lines(name: str) -> Callable[[float, float | None], None]:
    reported = 0

    def progress(done: float, total: float | None) -> None:
        nonlocal reported
        tenth = int(10 * done / total) if total else int(done / 10)
        if tenth > reported:
            reported = tenth
            say(f"{name}: {done:.1f} s" + (f" of {total:.1f} s" if total else ""))

    return progress
