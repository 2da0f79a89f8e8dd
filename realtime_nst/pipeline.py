"""The program in one loop: source -> stylizer -> sinks.

Three threads overlap: one captures, one stylizes, and the caller's thread finishes, shows and records. There are two
policies for passing frames on: live keeps only the newest frame, so latency is bounded; clip keeps every frame, and a
slow stage holds the earlier ones back.
"""

from __future__ import annotations

import atexit
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple, cast

import cv2
import numpy as np

from . import _arguments
from ._closing import Closing
from ._queue import FrameQueue, QueueClosed
from .errors import ArgumentError, CorruptFrameError, RunError
from .frames import Frame, Image, RenderParams
from .interfaces import Sink, Source
from .stylizer import ContentCode, Stylizer
from .timing import peak_rss_mb

__all__ = ["RenderParams", "Stats", "run"]

LONGEST_FRAME = 20.0
"""Seconds that the end of the process waits, at most, for a thread to be done with its last frame."""


@dataclass(frozen=True)
class Stats:
    """The figures of a run; `--stats` writes these fields as JSON."""

    frames: int
    """Frames passed to the sinks."""
    dropped: int
    """Frames that newer ones replaced before their turn, or that arrived corrupt."""
    seconds: float
    """Seconds from the first frame captured to the last one shown."""
    fps: float
    model: str
    runtime: str
    device: str
    frame_size: tuple[int, int]
    """(height, width) in pixels."""
    processing_size: tuple[int, int]
    """(height, width), in pixels, at which the network saw the frames."""
    stages_ms: dict[str, float]
    """Median milliseconds of each stage over the whole run. Capture includes waiting for the camera; finish includes
    waiting for a network that has frames in flight."""
    latency_ms: dict[str, float]
    """p50, p95 and p99, in milliseconds over the whole run, from a frame's capture until every sink had it."""
    style_encodes: int
    peak_rss_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON. `work_size` is the former name of `processing_size`."""
        return asdict(self) | {"work_size": self.processing_size}


class _Captured(NamedTuple):
    frame: Frame
    at: float
    """time.perf_counter when the source returned the frame."""


class _InFlight(NamedTuple):
    """A frame on its way through the network."""

    captured: _Captured
    params: RenderParams
    output: Callable[[], Image]
    """Waits for the stylized image, which is computed once."""
    original: Image
    """The image that is stylized: the frame's, mirrored if requested."""


def run(
    source: Source,
    stylizer: Stylizer,
    sinks: Sequence[Sink],
    look: Callable[[Frame], RenderParams],
    *,
    live: bool,
    deflicker: bool = True,
    frames: int | None = None,
    seconds: float | None = None,
    timeout: float | None = None,
    stop: threading.Event | None = None,
    steady: bool | None = None,
) -> Stats:
    """Run until the source ends, a limit is reached or `stop` is set.

    The sinks are called on this thread and closed at the end; the source is closed by the thread that reads it.

    Args:
        source: where frames come from.
        stylizer: what stylizes them.
        sinks: what takes the stylized frames, in this order.
        look: `look(frame)` returns the render parameters for each frame. The stylizing thread calls it.
        live: drop frames rather than fall behind; otherwise every frame is kept.
        deflicker: denoise the stream before the network, and hold its strokes in place after it.
        frames: stop after so many frames.
        seconds: stop after so many seconds of the stream, by the frames' own times.
        timeout: seconds after which a source that delivers nothing counts as lost.
        stop: set it, from any thread, to end the run.
        steady: deprecated name of `deflicker`.

    Raises:
        ArgumentError: if an argument has the wrong type or range; nothing was read or written.
        RunError: if the source is lost or a sink fails.
        Exception: the first exception of any thread ends the run within a second and is raised here.
    """
    if steady is not None:
        warnings.warn("run(steady=...) is now called run(deflicker=...)", DeprecationWarning, stacklevel=2)
        deflicker = steady
    _check_arguments(source, stylizer, sinks, look)
    if frames is not None:
        frames = _arguments.whole_number("frames", frames, 1)
    if seconds is not None:
        seconds = _arguments.number("seconds", seconds, 0, above=True)
    if timeout is not None:
        timeout = _arguments.number("timeout", timeout, 0, above=True)
    return _Run(
        source, stylizer, sinks, look, live, deflicker, frames, seconds, timeout, stop or threading.Event()
    ).run()


def _check_arguments(source: object, stylizer: object, sinks: object, look: object) -> None:
    _arguments.has_methods("the source", source, "read close", "open_source opens one")
    if not isinstance(stylizer, Stylizer):
        raise ArgumentError(f"the stylizer is a Stylizer, not {type(stylizer).__name__}; load_stylizer makes one")
    if not isinstance(sinks, Sequence) or isinstance(sinks, str):
        raise ArgumentError(f"sinks is a list of sinks, not {type(sinks).__name__}; for one sink write [sink]")
    for sink in cast("Sequence[object]", sinks):
        has = "a sink has write(frame), poll() and close()"
        _arguments.has_methods(f"the sink {type(sink).__name__}", sink, "write poll close", has)
    if not callable(look):
        raise ArgumentError(f"look is a function of a frame that returns RenderParams, not {type(look).__name__}")


@dataclass
class _Run:
    source: Source
    stylizer: Stylizer
    sinks: Sequence[Sink]
    look: Callable[[Frame], RenderParams]
    live: bool
    deflicker: bool
    frames: int | None
    seconds: float | None
    timeout: float | None
    stop: threading.Event

    def __post_init__(self) -> None:
        self.clock = self.stylizer.clock
        size = 1 if self.live else 4
        self.captured: FrameQueue[_Captured] = FrameQueue(size, drop=self.live)
        self.stylized: FrameQueue[_InFlight] = FrameQueue(size, drop=self.live)
        self.temporal_filter = self.stylizer.temporal_filter() if self.deflicker else None
        self.failures: list[BaseException] = []
        self.last_read = time.perf_counter()
        self.corrupt = 0
        self.corrupt_since: float | None = None
        self.began = self.ended = 0.0
        self.shown = 0
        self.frame_size = self.source.size

    def run(self) -> Stats:
        threads = [
            threading.Thread(target=self._guarded, args=(work, output), name=work.__name__.strip("_"), daemon=True)
            for work, output in ((self._capture, self.captured), (self._stylize, self.stylized))
        ]
        for thread in threads:
            thread.start()
        try:
            self._show()
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            self.stop.set()
            self.captured.end(discard=True)
            self.stylized.end(discard=True)
            if isinstance(self.source, Closing):
                self.source.interrupt()
            self._close_sinks()
            deadline = time.perf_counter() + 0.8
            for thread in threads:
                thread.join(max(deadline - time.perf_counter(), 0))
                if thread.is_alive():
                    # Libraries in C++ abort the process if the interpreter ends while a thread is inside them.
                    atexit.register(thread.join, LONGEST_FRAME)
        if self.failures:
            raise self.failures[0]
        return self._stats()

    def _guarded(self, work: Callable[[], None], output: FrameQueue[Any]) -> None:
        try:
            work()
        except QueueClosed:
            pass
        except BaseException as failure:
            self.failures.append(failure)
            self.stop.set()
        finally:
            output.end()

    def _capture(self) -> None:
        try:
            while not self.stop.is_set():
                with self.clock.stage("capture"):
                    frame = self.source.read()
                if frame is None:
                    return
                self.last_read = time.perf_counter()
                self.began = self.began or self.last_read
                self.captured.put(_Captured(frame, self.last_read))
        finally:
            self.source.close()

    def _stylize(self) -> None:
        content = ContentCode(self.stylizer, wait=not self.live)
        # A network with frames in flight receives the next frames, if there are any, before we wait for this one.
        limit = self.stylizer.network.frames_in_flight
        in_flight: deque[_InFlight] = deque()
        previous: _InFlight | None = None
        try:
            while True:
                captured = self.captured.get(timeout=0 if in_flight else None)
                if captured is not None and not self._is_corrupt(captured.frame):
                    previous = self._begin(captured, previous, content)
                    in_flight.append(previous)
                if captured is None or len(in_flight) > limit:
                    self._hand_on(in_flight.popleft())
        except QueueClosed:
            for one in in_flight:
                self._hand_on(one)
            raise
        finally:
            for one in in_flight:
                one.output()  # Computed once; a frame that was begun and never collected would stay in the network.
            content.close()

    def _is_corrupt(self, frame: Frame) -> bool:
        """Return whether a frame is corrupt. Raises CorruptFrameError if every frame was for `timeout` seconds."""
        try:
            with self.clock.stage("decode"):
                _ = frame.image
        except CorruptFrameError:
            now = time.perf_counter()
            self.corrupt += 1
            self.corrupt_since = self.corrupt_since or now
            if self.timeout is not None and now - self.corrupt_since > self.timeout:
                raise
            return True
        self.corrupt_since = None
        return False

    def _begin(self, captured: _Captured, previous: _InFlight | None, content: ContentCode) -> _InFlight:
        params = self.look(captured.frame)
        if not isinstance(params, RenderParams):  # pyright: ignore[reportUnnecessaryIsInstance]  a user's function
            raise ArgumentError(f"look(frame) returns RenderParams(code), not {type(params).__name__}")
        if (
            previous
            and same_image(captured.frame.image, previous.captured.frame.image)
            and params.renders_same(previous.params)
        ):
            return _InFlight(captured, params, previous.output, previous.original)
        image = cv2.flip(captured.frame.image, 1) if params.mirror else captured.frame.image
        output = cache(self._start(Frame(image, captured.frame.time), params, content))
        return _InFlight(captured, params, output, image)

    def _start(self, frame: Frame, params: RenderParams, content: ContentCode) -> Callable[[], Image]:
        if params.code is None:
            return lambda: frame.image
        own = content.follow(frame) if 0 < params.strength < 1 else None
        return self.stylizer.begin(frame.image, params, own, self.temporal_filter)

    def _hand_on(self, frame: _InFlight) -> None:
        # A network without frames in flight is done with the frame. The showing thread computes the output from its
        # maps, on a core that would otherwise wait while this one decodes the next frame.
        if self.stylizer.network.frames_in_flight:
            frame.output()
        self.stylized.put(frame)

    def _show(self) -> None:
        first = None
        while not self.stop.is_set():
            try:
                finished = self.stylized.get(timeout=0.01)
            except QueueClosed:
                return
            if finished is None:
                self._check_source()
                for sink in self.sinks:
                    sink.poll()
                continue
            moment = finished.captured.frame.time
            first = moment if first is None else first
            if self.seconds is not None and moment - first >= self.seconds:
                return
            frame = Frame(finished.output(), moment, finished.original)
            with self.clock.stage("show"):
                for sink in self.sinks:
                    sink.write(frame)
                    sink.poll()
            self.clock.shown(finished.captured.at)
            self.ended = time.perf_counter()
            self.frame_size = (frame.image.shape[0], frame.image.shape[1])
            self.shown += 1
            if self.frames is not None and self.shown >= self.frames:
                return

    def _check_source(self) -> None:
        if self.timeout is not None and time.perf_counter() - self.last_read > self.timeout:
            raise RunError(
                f"{self.source.name} has sent nothing for {self.timeout:g} s; "
                "check its cable or network and start again"
            )

    def _close_sinks(self) -> None:
        for sink in self.sinks:
            try:
                sink.close()
            except BaseException as failure:
                self.failures.append(failure)

    def _stats(self) -> Stats:
        network = self.stylizer.network
        seconds = max(self.ended - self.began, 0.0)
        return Stats(
            frames=self.shown,
            dropped=self.captured.dropped + self.stylized.dropped + self.corrupt,
            seconds=round(seconds, 3),
            fps=round(self.shown / seconds, 2) if seconds else 0.0,
            model=network.name,
            runtime=network.runtime,
            device=network.device,
            frame_size=self.frame_size,
            processing_size=self.stylizer.processing_shape(*self.frame_size),
            stages_ms=self.clock.stages_ms(),
            latency_ms=self.clock.latency_ms(),
            style_encodes=self.stylizer.encodes,
            peak_rss_mb=round(peak_rss_mb(), 1),
        )


def same_image(image: Image, other: Image) -> bool:
    """Return whether two images are equal to the last pixel.

    A camera's noise shows in the first row compared, so the comparison costs nothing if they differ.
    """
    middle = slice(len(image) // 2, len(image) // 2 + 1)
    return image[middle].tobytes() == other[middle].tobytes() and np.array_equal(image, other)
