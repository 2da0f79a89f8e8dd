"""Many clips over processes of this machine: whole clips, each process on its own share of the processors."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from ...errors import RunError, StylizeError
from ...networks.runtimes.devices import choose_device
from ...process import available_cpus, available_memory, confined, halve_opencv_threads
from ..batch import Engine, Failed, Finished, Notice, OnEvent, Progressed, Started, outcome_of
from ..job import ClipJob, ClipWorker

WORKER_MEMORY = 1 << 30
"""Bytes of memory reserved for a worker. Clips of 640x480 take 0.36 GB; larger frames take more."""


def default_workers(jobs: Sequence[ClipJob]) -> int:
    """Return how many processes this machine holds: one for two processors, as far as memory lasts; one on a GPU.

    Raises:
        DeviceError: if a job requests a GPU and there is no usable one.
    """
    if any(choose_device(device)[0] == "gpu" for device in {job.device for job in jobs}):
        return 1
    return max(1, min(len(jobs), available_cpus() // 2, available_memory() // WORKER_MEMORY))


def processes(workers: int) -> Engine:
    """Return an engine that runs jobs in `workers` processes.

    Each process opens the networks once and has its share of the processors. If one is killed, another continues its
    clip where its partial file ends, once.
    """

    def engine(
        jobs: Sequence[ClipJob], on_event: OnEvent, stop: threading.Event
    ) -> Generator[Finished | Failed, None, None]:
        return _Pool(jobs, min(workers, len(jobs)), on_event).run(stop)

    return engine


@dataclass
class _Worker:
    """A process, as its parent sees it."""

    process: BaseProcess
    connection: Connection
    share: int
    """Number of its share of the processors."""
    ready: bool = False
    task: int | None = None
    """Number of the job that it runs."""


@dataclass(frozen=True)
class _Ready:
    """Sent by a worker that has opened its networks."""


@dataclass(frozen=True)
class _Unusable:
    """Sent by a worker that cannot open a network or read a style."""

    error: StylizeError


@dataclass(frozen=True)
class _Step:
    """Sent by a worker after each frame: `Progressed` without the job."""

    done: float
    total: float | None


class _Pool:
    """The processes and the jobs that wait for them."""

    def __init__(self, jobs: Sequence[ClipJob], size: int, on_event: OnEvent) -> None:
        self._jobs, self._size, self._on_event = list(jobs), size, on_event
        # The largest first, so that no process is left alone with a long clip at the end.
        self._waiting = deque(sorted(range(len(jobs)), key=lambda number: -_bytes(jobs[number])))
        self._continued: set[int] = set()
        """Numbers of the jobs whose process was killed once."""
        self._workers: list[_Worker] = []
        self._prepared = False
        self._said: set[str] = set()
        """What a worker said while it opened the networks: the others say the same."""

    def run(self, stop: threading.Event) -> Generator[Finished | Failed, None, None]:
        """Run the jobs and yield the outcome of each."""
        context = multiprocessing.get_context("spawn")
        try:
            for share in range(self._size):
                self._start(context, share)
            while self._waiting or self._busy():
                yield from self._receive()
                if stop.is_set():
                    yield from self._stop()
                    return
                for dead in [worker for worker in self._workers if worker.connection.closed]:
                    self._workers.remove(dead)
                    if self._waiting:
                        self._start(context, dead.share)
                self._assign()
        except KeyboardInterrupt:  # a second Ctrl-C
            self._kill()
            raise
        finally:
            try:
                for outcome in self._end_clips():
                    self._on_event(outcome)
            finally:
                self._kill()

    def _start(self, context: SpawnContext, share: int) -> None:
        # The first worker checks the models and styles of all jobs, before any work.
        first = self._jobs if not self._prepared and not self._workers else self._jobs[:1]
        ours, theirs = context.Pipe()
        distinct = {(job.model, job.device, job.processing_size, job.fitted, job.styles): job for job in first}
        process = context.Process(target=_serve, args=(theirs, list(distinct.values())), daemon=True)
        with confined(_share(share, self._size)), _signals_held():
            process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours, share))

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.task is not None]

    def _assign(self) -> None:
        for worker in self._workers:
            if not (self._prepared and worker.ready and worker.task is None and self._waiting):
                continue
            worker.task = self._waiting.popleft()
            job = self._jobs[worker.task]
            self._on_event(Started(job))
            if worker.task in self._continued:
                job = replace(job, options=replace(job.options, resume=True))
            with contextlib.suppress(OSError):  # it has died: `_receive` sees that
                worker.connection.send(job)

    def _receive(self, timeout: float = 0.1) -> Iterator[Finished | Failed]:
        """Take what the workers have sent; yield the outcomes."""
        workers = {worker.connection: worker for worker in self._workers if not worker.connection.closed}
        for connection in wait(list(workers), timeout):
            worker = workers[connection]  # pyright: ignore[reportArgumentType]
            try:
                message = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._mourn(worker)
                continue
            match message:
                case _Ready():
                    worker.ready = True
                    self._prepared = self._prepared or worker is self._workers[0]
                case _Unusable(error):
                    raise error
                case Notice(text):
                    if worker.ready or text not in self._said:
                        self._on_event(message)
                    if not worker.ready:
                        self._said.add(text)
                case _Step(done, total) if worker.task is not None:
                    self._on_event(Progressed(self._jobs[worker.task], done, total))
                case Finished() | Failed() if worker.task is not None:
                    job = self._jobs[worker.task]
                    worker.task = None
                    yield replace(message, job=job)

    def _mourn(self, worker: _Worker) -> Iterator[Failed]:
        """Handle the death of a worker."""
        worker.connection.close()
        worker.process.join()
        how = _death(worker.process.exitcode)
        number, worker.task = worker.task, None
        if number is None:
            if not worker.ready:
                raise RunError(f"a worker {how} before its first clip; try fewer --workers")
            return
        job = self._jobs[number]
        if number in self._continued:
            reason = f"the worker that stylized {job.input.name} {how}, twice; the same command with --resume continues"
            yield Failed(job, RunError(f"{reason} there; if memory is short, use fewer --workers"))
        else:
            self._on_event(Notice(f"the worker that stylized {job.input.name} {how}: continuing the clip in a new one"))
            self._continued.add(number)
            self._waiting.appendleft(number)

    def _stop(self) -> Iterator[Finished | Failed]:
        yield from self._end_clips()
        if self._waiting:
            job = self._jobs[self._waiting[0]]
            more = f" and {len(self._waiting) - 1} more" if len(self._waiting) > 1 else ""
            yield Failed(
                job, RunError(f"stopped before {job.input.name}{more}; the same command with --resume continues there")
            )

    def _end_clips(self) -> Iterator[Finished | Failed]:
        """End the clips under way, so that their partial files can be continued; yield their outcomes."""
        for worker in self._workers:
            with contextlib.suppress(OSError):
                worker.connection.send(None)
        while self._busy():
            yield from self._receive()

    def _kill(self) -> None:
        for worker in self._workers:
            if worker.task is not None or not worker.ready:
                worker.process.kill()
            worker.task = None
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()


def _bytes(job: ClipJob) -> int:
    with contextlib.suppress(OSError):
        return job.input.stat().st_size
    return 0


def _share(number: int, shares: int) -> list[int]:
    """Return the processors of one of `shares` equal shares; with more shares than processors, they share."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(available_cpus()))
    begin, end = (len(cpus) * edge // shares for edge in (number, number + 1))
    return cpus[begin : max(end, begin + 1)]


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"was killed ({signal.Signals(-exitcode).name})"
    return f"ended with exit code {exitcode}"


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]


@contextlib.contextmanager
def _signals_held() -> Generator[None, None, None]:
    """Hold signals back from this process, and from one that is started meanwhile until it can handle them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # this process would start it with the first one, and let signals through
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _serve(connection: Connection, first: list[ClipJob]) -> None:
    """Run jobs until the parent sends None or is gone: the work of a process."""
    stop = threading.Event()
    jobs: SimpleQueue[ClipJob | None] = SimpleQueue()
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: (stop.set(), jobs.put(None)))
    # Ctrl-C reaches all processes of a terminal; the parent tells the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    threading.Thread(target=_listen, args=(connection, jobs, stop), daemon=True).start()
    halve_opencv_threads()
    worker = ClipWorker(lambda message: connection.send(Notice(message)))
    with contextlib.suppress(OSError):  # the parent is gone
        try:
            worker.prepare(first)
        except StylizeError as error:
            connection.send(_Unusable(error))
            return
        connection.send(_Ready())
        while not stop.is_set() and (job := jobs.get()) is not None:
            connection.send(outcome_of(worker, job, lambda done, total: connection.send(_Step(done, total)), stop))


def _listen(connection: Connection, jobs: SimpleQueue[ClipJob | None], stop: threading.Event) -> None:
    with contextlib.suppress(EOFError, OSError):
        while (job := connection.recv()) is not None:
            jobs.put(job)
    stop.set()
    jobs.put(None)
