"""The work size that holds a rate: as large as the machine manages, changed rarely."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np

from ..frames import Image, RenderParams, StyleCode
from ..networks.base import Network
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from ..timing import Clock

SIZES = (256, 320, 384, 448, 512, 640, 768, 960, 1280)
"""The long sides in pixels that are chosen from."""


class AdaptiveResolution:
    """Decides on a work size from how long frames take; knows no clock but what it is told.

    A smaller size is taken once the rate has been missed for `hurry` seconds; a larger one only where it would
    leave a quarter of the time free for `patience` seconds. Where a larger size did not last, the patience for
    the next doubles: so the size comes to rest instead of going to and fro, which would show.
    """

    def __init__(
        self, fps: float, sizes: Sequence[int], size: int, *, hurry: float = 2.0, patience: float = 10.0
    ) -> None:
        self._budget = 1 / fps
        self._sizes = sorted(sizes)
        self.size = size
        self._hurry, self._patience = hurry, patience
        self._times: list[float] = []
        self._since: float | None = None
        self._room_since: float | None = None
        self._grown: float | None = None

    def note(self, took: float, now: float) -> int:
        """Take in that a frame took `took` seconds, at `now` (seconds of any steady clock). The size to use."""
        self._since = now if self._since is None else self._since
        self._times.append(took)
        if now - self._since >= self._hurry:
            typical = sorted(self._times)[len(self._times) // 2]
            self._decide(typical, now)
            self._times, self._since = [], now
        return self.size

    def _decide(self, typical: float, now: float) -> None:
        if typical > self._budget:
            if self._grown is not None and now - self._grown < 4 * self._patience:
                self._patience *= 2
            self._take(self.fitting(typical), now)
            return
        larger = next((size for size in self._sizes if size > self.size), None)
        if larger is None or typical * (larger / self.size) ** 2 > 0.75 * self._budget:
            self._room_since = None
            return
        self._room_since = now if self._room_since is None else self._room_since
        if now - self._room_since >= self._patience:
            self._take(larger, now)
            self._grown = now

    def fitting(self, took: float) -> int:
        """The largest size that leaves a tenth of the time free, where a frame of the present one takes `took`
        seconds and time goes with the area; the smallest where none does."""
        fits = [size for size in self._sizes if took * (size / self.size) ** 2 <= 0.9 * self._budget]
        return fits[-1] if fits else self._sizes[0]

    def _take(self, size: int, now: float) -> None:
        self.size = size
        self._room_since = self._grown = None


class AdaptiveStylizer(Stylizer):
    """A stylizer whose work size follows a `Pace`. The network of a new size is compiled beside the video.

    fps: the rate to hold. steady: whether the frames will be kept from flickering, which takes time too.
    """

    def __init__(self, network: Network, fps: float, steady: bool = True) -> None:
        super().__init__(network)
        self._fps = fps
        self._steady = steady
        self._pace: AdaptiveResolution | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="work-size")
        self._coming: Future[int] | None = None

    def warm_up(self, height: int, width: int) -> None:
        """Find the size to begin with, so that what is shown first can stay."""
        long_side = max(height, width)
        sizes = [size for size in SIZES if size < long_side] + [min(long_side, SIZES[-1])]
        self.processing_size = min(sizes, key=lambda size: abs(size - self.processing_size))
        self._pace = AdaptiveResolution(self._fps, sizes, self.processing_size)
        # Of what moves: in a blank or a still picture no optical flow is looked for.
        spots = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
        scene = cv2.resize(spots, (width, height), interpolation=cv2.INTER_CUBIC)
        moving = [np.roll(scene, step * (width // 160 + 1), axis=1) for step in range(4)]
        code = self.network.encode(scene)
        for _ in sizes:
            steady = self.temporal_filter() if self._steady else None
            fitting = self._pace.fitting(min(self._time(view, code, steady) for view in moving))
            if fitting >= self.processing_size:
                break  # a larger one only when time has shown that there is room
            self.processing_size = self._pace.size = fitting
        self.clock = Clock()

    def begin(
        self,
        image: Image,
        params: RenderParams,
        content: StyleCode | None = None,
        temporal_filter: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        began = time.perf_counter()
        end = super().begin(image, params, content, temporal_filter)
        spent = time.perf_counter() - began

        def timed_end() -> Image:
            # Between the two it may wait for another thread to show the frame before: that is not its time.
            began = time.perf_counter()
            out = end()
            if params.strength > 0:
                self._note(spent + time.perf_counter() - began, image.shape[:2])
            return out

        return timed_end

    def close(self) -> None:
        """Wait for a network that is being compiled: a runtime may not be torn from it at exit."""
        self._pool.shutdown(cancel_futures=True)

    def _note(self, took: float, shape: tuple[int, int]) -> None:
        """Take in that a frame of `shape` took `took` seconds."""
        if self._pace is not None and self._coming is None:
            size = self._pace.note(took, time.perf_counter())
            if size != self.processing_size:
                self._coming = self._pool.submit(self._prepare, size, shape)
        elif self._coming is not None and self._coming.done():
            self.processing_size, self._coming = self._coming.result(), None

    def _prepare(self, size: int, shape: tuple[int, int]) -> int:
        Stylizer(self.network, size).warm_up(*shape)
        return size

    def _time(self, image: Image, code: StyleCode, steady: TemporalFilter | None) -> float:
        began = time.perf_counter()
        super().begin(image, RenderParams(code), temporal_filter=steady)()
        return time.perf_counter() - began
