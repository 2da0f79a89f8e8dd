"""A stylizer whose processing size follows the speed of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ..frames import Image, RenderParams, StyleCode
from ..media.resize import resize
from ..networks.base import Network
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from ..timing import Clock
from .adaptive_resolution import AdaptiveResolution

SIZES = (256, 320, 384, 448, 512, 640, 768, 960, 1280)
"""Long sides in pixels to choose from."""


class AdaptiveStylizer(Stylizer):
    """A stylizer whose processing size is chosen by an `AdaptiveResolution`.

    The network is compiled for a new size in the background, while frames keep the current one.

    Args:
        network: the network.
        fps: frame rate to sustain.
        deflicker: whether frames will pass a temporal filter, which takes time too.
    """

    def __init__(self, network: Network, fps: float, deflicker: bool = True) -> None:
        super().__init__(network)
        self._fps = fps
        self._deflicker = deflicker
        self._resolution: AdaptiveResolution | None = None
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="processing-size")
        self._compiled: Future[int] | None = None

    def warm_up(self, height: int, width: int) -> None:
        """Find the size to begin with, so that the size of the first frames can stay."""
        long_side = max(height, width)
        sizes = [size for size in SIZES if size < long_side] + [min(long_side, SIZES[-1])]
        self.processing_size = min(sizes, key=lambda size: abs(size - self.processing_size))
        self._resolution = AdaptiveResolution(self._fps, sizes, self.processing_size)
        # The test frames move, because the optical flow costs nothing on blank or still frames.
        noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
        scene = resize(noise, (height, width))
        moving = [np.roll(scene, step * (width // 160 + 1), axis=1) for step in range(4)]
        params = RenderParams(self.network.encode(scene))
        for _ in sizes:
            temporal_filter = self.temporal_filter() if self._deflicker else None
            duration = min(self._time(image, params, temporal_filter) for image in moving)
            fitting = self._resolution.largest_fitting(duration)
            if fitting >= self.processing_size:
                break  # A larger size is tried only once frames have shown that there is time for it.
            self.processing_size = self._resolution.size = fitting
        self.clock = Clock()

    def begin(
        self,
        image: Image,
        params: RenderParams,
        content: StyleCode | None = None,
        temporal_filter: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        start = time.perf_counter()
        finish = super().begin(image, params, content, temporal_filter)
        begin_seconds = time.perf_counter() - start

        def timed_finish() -> Image:
            # Between the two calls the frame may wait for another thread, which does not count as its time.
            start = time.perf_counter()
            output = finish()
            if params.strength > 0:
                self._adapt(begin_seconds + time.perf_counter() - start, image.shape[:2])
            return output

        return timed_finish

    def close(self) -> None:
        """Wait for a compilation under way: the runtime must not be torn down during it at exit."""
        self._compiler.shutdown(cancel_futures=True)

    def _adapt(self, duration: float, shape: tuple[int, int]) -> None:
        """Take into account that a frame of `shape` (height, width) took `duration` seconds."""
        if self._resolution is not None and self._compiled is None:
            size = self._resolution.update(duration, time.perf_counter())
            if size != self.processing_size:
                self._compiled = self._compiler.submit(self._compile, size, shape)
        elif self._compiled is not None and self._compiled.done():
            self.processing_size, self._compiled = self._compiled.result(), None

    def _compile(self, size: int, shape: tuple[int, int]) -> int:
        Stylizer(self.network, size).warm_up(*shape)
        return size

    def _time(self, image: Image, params: RenderParams, temporal_filter: TemporalFilter | None) -> float:
        start = time.perf_counter()
        super().begin(image, params, None, temporal_filter)()
        return time.perf_counter() - start
