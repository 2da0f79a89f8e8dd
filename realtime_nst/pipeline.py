"""The program in one loop: source -> stylizer -> sinks.

Three threads overlap: one captures, one stylizes, the caller's finishes, shows and records. Two policies of
handing frames on: live keeps only the newest frame, so latency is bounded; clip keeps every frame, and a slow
stage holds the ones before it back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from ._queue import FrameQueue, QueueClosed
from .errors import CorruptFrameError, RunError
from .frames import Frame, Image, RenderParams
from .interfaces import Sink, Source
from .stylizer import ContentCode, Stylizer
from .timing import peak_rss_mb


def repeats(image: Image, before: Image) -> bool:
    """Whether a picture is the one before, to the last pixel.

    A camera's noise tells in the first row looked at, so the question costs nothing where the answer is no.
    """
    middle = slice(len(image) // 2, len(image) // 2 + 1)
    return image[middle].tobytes() == before[middle].tobytes() and np.array_equal(image, before)


@dataclass(frozen=True)
class Stats:
    """A run in figures; `--stats` writes these fields as JSON."""

    frames: int
    """Frames handed to the sinks."""
    dropped: int
    """Frames captured and replaced by newer ones before their turn, or damaged on their way here."""
    seconds: float
    """From the first frame captured to the last one shown."""
    fps: float
    model: str
    runtime: str
    device: str
    frame_size: tuple[int, int]
    """(height, width) in pixels."""
    processing_size: tuple[int, int]
    """(height, width) in pixels that the network saw."""
    stages_ms: dict[str, float]
    """Median of each stage; capture includes waiting for the camera, finish for a network that runs ahead."""
    latency_ms: dict[str, float]
    """p50, p95 and p99 from a frame's capture until every sink had it."""
    style_encodes: int
    peak_rss_mb: float

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


class _Item(NamedTuple):
    frame: Frame
    captured: float
    """time.perf_counter when the source gave the frame."""


class _Begun(NamedTuple):
    """A frame on its way through the network."""

    item: _Item
    look: RenderParams
    image: Callable[[], Image]
    """Waits for the stylized picture; it is made once."""


def run(
    source: Source,
    stylizer: Stylizer,
    sinks: Sequence[Sink],
    look: Callable[[Frame], RenderParams],
    *,
    live: bool,
    steady: bool = True,
    frames: int | None = None,
    seconds: float | None = None,
    timeout: float | None = None,
    stop: threading.Event | None = None,
) -> Stats:
    """Run until the source ends, after `frames` frames or `seconds` of the stream, or until `stop` is set.

    look: called on the stylizing thread for every frame. live: drop frames rather than fall behind. steady: keep the
    stream's noise from the network, and strokes where they were, so that they do not flicker.
    Sinks are called on this thread and closed at the end, the source is closed by the thread that reads it.
    The first exception of any thread ends the run within a second and is raised here; a source that gives
    nothing for `timeout` seconds raises RunError.
    """
    return _Run(source, stylizer, sinks, look, live, steady, frames, seconds, timeout, stop or threading.Event()).run()


@dataclass
class _Run:
    source: Source
    stylizer: Stylizer
    sinks: Sequence[Sink]
    look: Callable[[Frame], RenderParams]
    live: bool
    steady: bool
    frames: int | None
    seconds: float | None
    timeout: float | None
    stop: threading.Event

    def __post_init__(self) -> None:
        self.clock = self.stylizer.clock
        size = 1 if self.live else 4
        self.captured: FrameQueue[_Item] = FrameQueue(size, drop=self.live)
        self.stylized: FrameQueue[_Begun] = FrameQueue(size, drop=self.live)
        self.temporal_filter = self.stylizer.temporal_filter() if self.steady else None
        self.failures: list[BaseException] = []
        self.heard = time.perf_counter()
        self.damaged = 0
        self.damaged_since: float | None = None
        self.began = self.ended = 0.0
        self.shown = 0
        self.frame_size = self.source.size

    def run(self) -> Stats:
        threads = [
            threading.Thread(target=self._guarded, args=(work, out), name=work.__name__.strip("_"), daemon=True)
            for work, out in ((self._capture, self.captured), (self._stylize, self.stylized))
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
            self._close_sinks()
            deadline = time.perf_counter() + 0.8
            for thread in threads:
                thread.join(max(deadline - time.perf_counter(), 0))
        if self.failures:
            raise self.failures[0]
        return self._stats()

    def _guarded(self, work: Callable[[], None], out: FrameQueue) -> None:
        try:
            work()
        except QueueClosed:
            pass
        except BaseException as failure:
            self.failures.append(failure)
            self.stop.set()
        finally:
            out.end()

    def _capture(self) -> None:
        try:
            while not self.stop.is_set():
                with self.clock.stage("capture"):
                    frame = self.source.read()
                if frame is None:
                    return
                self.heard = time.perf_counter()
                self.began = self.began or self.heard
                self.captured.put(_Item(frame, self.heard))
        finally:
            self.source.close()

    def _stylize(self) -> None:
        content = ContentCode(self.stylizer, wait=not self.live)
        # A network that runs ahead is given the next frames, where there are any, before this one is waited for.
        most = self.stylizer.network.frames_in_flight
        begun: deque[_Begun] = deque()
        before: _Begun | None = None
        try:
            while True:
                item = self.captured.get(timeout=0 if begun else None)
                if item is not None and not self._damaged(item.frame):
                    before = self._begin(item, before, content)
                    begun.append(before)
                if item is None or len(begun) > most:
                    self._hand_on(begun.popleft())
        except QueueClosed:
            for one in begun:
                self._hand_on(one)
            raise
        finally:
            for one in begun:
                one.image()  # made once; what is begun and not waited for stays in the network
            content.close()

    def _damaged(self, frame: Frame) -> bool:
        """Whether a frame cannot be decoded. Raises CorruptFrameError where none could be for `timeout` seconds."""
        try:
            with self.clock.stage("decode"):
                frame.image
        except CorruptFrameError:
            now = time.perf_counter()
            self.damaged += 1
            self.damaged_since = self.damaged_since or now
            if self.timeout is not None and now - self.damaged_since > self.timeout:
                raise
            return True
        self.damaged_since = None
        return False

    def _begin(self, item: _Item, before: _Begun | None, content: ContentCode) -> _Begun:
        look = self.look(item.frame)
        if before and repeats(item.frame.image, before.item.frame.image) and look.renders_same(before.look):
            return _Begun(item, look, before.image)
        return _Begun(item, look, cache(self._styled(item.frame, look, content)))

    def _styled(self, frame: Frame, look: RenderParams, content: ContentCode) -> Callable[[], Image]:
        image = cv2.flip(frame.image, 1) if look.mirror else frame.image
        if look.code is None:
            return lambda: image
        own = content.follow(Frame(image, frame.time)) if 0 < look.strength < 1 else None
        return self.stylizer.begin(image, look.code, look.strength, own, look.keep_colors, self.temporal_filter)

    def _hand_on(self, begun: _Begun) -> None:
        # A network that does not run ahead is done with the frame: what its maps make of it the showing thread finds
        # out, on a core that else waits while this one decodes the next frame.
        if self.stylizer.network.frames_in_flight:
            begun.image()
        self.stylized.put(begun)

    def _show(self) -> None:
        first = None
        while not self.stop.is_set():
            try:
                begun = self.stylized.get(timeout=0.01)
            except QueueClosed:
                return
            if begun is None:
                self._watch()
                for sink in self.sinks:
                    sink.poll()
                continue
            moment = begun.item.frame.time
            first = moment if first is None else first
            if self.seconds is not None and moment - first >= self.seconds:
                return
            frame = Frame(begun.image(), moment)
            with self.clock.stage("show"):
                for sink in self.sinks:
                    sink.write(frame)
                    sink.poll()
            self.clock.shown(begun.item.captured)
            self.ended = time.perf_counter()
            self.frame_size = frame.image.shape[:2]
            self.shown += 1
            if self.frames is not None and self.shown >= self.frames:
                return

    def _watch(self) -> None:
        if self.timeout is not None and time.perf_counter() - self.heard > self.timeout:
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
            dropped=self.captured.dropped + self.stylized.dropped + self.damaged,
            seconds=round(seconds, 3),
            fps=round(self.shown / seconds, 2) if seconds else 0.0,
            model=network.name,
            runtime=network.runtime,
            device=network.device,
            frame_size=tuple(self.frame_size),
            processing_size=self.stylizer.processing_shape(*self.frame_size),
            stages_ms=self.clock.stages_ms(),
            latency_ms=self.clock.latency_ms(),
            style_encodes=self.stylizer.encodes,
            peak_rss_mb=round(peak_rss_mb(), 1),
        )
