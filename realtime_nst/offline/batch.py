"""Many clips: an engine runs the jobs, and a callback receives the events."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import RunError, StylizeError
from .job import ClipJob, ClipWorker, check_job


@dataclass(frozen=True)
class Notice:
    """One sentence that the user should know."""

    message: str


@dataclass(frozen=True)
class Started:
    """A job begins."""

    job: ClipJob


@dataclass(frozen=True)
class Progressed:
    """One more frame of a job is done."""

    job: ClipJob
    done: float
    """Seconds of the output that are done."""
    total: float | None
    """Seconds that the output will last; None: unknown."""


@dataclass(frozen=True)
class Finished:
    """A job is done."""

    job: ClipJob
    output: Path


@dataclass(frozen=True)
class Failed:
    """A job ended without its clip."""

    job: ClipJob
    error: StylizeError


Event = Notice | Started | Progressed | Finished | Failed
OnEvent = Callable[[Event], None]
Engine = Callable[[Sequence[ClipJob], OnEvent, threading.Event], Generator[Finished | Failed, None, None]]
"""Runs jobs and yields the outcome of each as it ends; reports the other events; ends early when the event is set.

When closed, it ends the clips that are under way so that `--resume` can continue them, and reports their outcomes.
"""


def one_by_one(
    jobs: Sequence[ClipJob], on_event: OnEvent, stop: threading.Event
) -> Generator[Finished | Failed, None, None]:
    """Run the jobs one after the other in this process, each on all processors of the process."""
    worker = ClipWorker(lambda message: on_event(Notice(message)))
    worker.prepare(jobs)
    for job in jobs:
        if stop.is_set():
            yield Failed(
                job, RunError(f"stopped before {job.input.name}; the same command with --resume continues there")
            )
            return
        on_event(Started(job))
        yield outcome_of(worker, job, lambda done, total, job=job: on_event(Progressed(job, done, total)), stop)


def outcome_of(
    worker: ClipWorker, job: ClipJob, progress: Callable[[float, float | None], None], stop: threading.Event
) -> Finished | Failed:
    """Run one job and return its outcome; no error of the clip is raised.

    Args:
        worker: what runs the job.
        job: the job.
        progress: called after every frame with the seconds done and the seconds in total (None if unknown).
        stop: set it, from any thread, to stop early.
    """
    try:
        return Finished(job, worker.run(job, progress=progress, stop=stop))
    except StylizeError as error:
        return Failed(job, error)
    except Exception as error:  # one clip's unforeseen failure must not end the others
        failure = RunError(f"{job.input.name} failed unexpectedly: {type(error).__name__}: {error}; please report this")
        failure.__cause__ = error
        return Failed(job, failure)


def run_batch(
    jobs: Sequence[ClipJob],
    on_event: OnEvent,
    *,
    keep_going: bool = False,
    stop: threading.Event | None = None,
    engine: Engine = one_by_one,
) -> None:
    """Stylize the clips of `jobs`.

    Args:
        jobs: the clips to stylize.
        on_event: called with every event, by the thread that calls `run_batch`.
        keep_going: if a job fails, continue with the next one.
        stop: set it, from any thread, to stop early.
        engine: runs the jobs.

    Raises:
        InputError: if a job cannot be run, found before any work; with `keep_going`, only for errors of all jobs.
        RunError: if a job failed or was stopped; with `keep_going`, after the other jobs.
    """
    stop = stop or threading.Event()
    if not keep_going:
        for job in jobs:
            check_job(job)
    failures = 0
    with contextlib.closing(engine(jobs, on_event, stop)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Failed):
                if not keep_going or stop.is_set():
                    raise outcome.error
                failures += 1
            on_event(outcome)
    if failures:
        rest = ", the others are done" if failures < len(jobs) else ""
        raise RunError(f"{failures} of {len(jobs)} clips failed{rest}; see above")
