"""A stylizer whose processing size the user may change at any time, and which follows the speed of the machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ..frames import Image, RenderParams, StyleCode
from ..media.resize import resize
from ..networks.base import Network
from ..styles.fitted import FittedStyles
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from ..timing import Clock
from .adaptive_resolution import AdaptiveResolution

SIZES = (128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 960, 1280)
"""The steps of the processing size: long sides in pixels."""

SMALLEST_ADAPTED = 256
"""The smallest size that is chosen for the sake of the frame rate: below it, faces in a webcam's frame are lost."""


class AdaptiveStylizer(Stylizer):
    """A stylizer whose processing size is the one that the user set, or a smaller one that sustains a frame rate.

    The network is compiled for a new size in the background, while frames keep the current one.

    Args:
        network: the network.
        fps: frame rate to sustain; None: keep to the size that the user set, however long frames take.
        deflicker: whether frames will pass a temporal filter, which takes time too.
        processing_size: the size that the user set; None: the network's default.
        fitted: as for `Stylizer`.

    Attributes:
        stroke_size: the processing size that the user set; `processing_size` is the one in use.
    """

    def __init__(
        self,
        network: Network,
        fps: float | None,
        deflicker: bool = True,
        processing_size: int | None = None,
        fitted: FittedStyles | None = None,
    ) -> None:
        super().__init__(network, processing_size, fitted)
        self.stroke_size = self.processing_size
        self._fps = fps
        self._deflicker = deflicker
        self._frame_shape: tuple[int, int] | None = None
        self._resolution: AdaptiveResolution | None = None
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="processing-size")
        self._compiled: Future[None] | None = None

    def warm_up(self, height: int, width: int) -> None:
        """Find the size to begin with, so that the size of the first frames can stay."""
        self._frame_shape = height, width
        self.stroke_size = self.processing_size = min(self.stroke_size, max(height, width))
        if self._fps is None:
            super().warm_up(height, width)
            return
        sizes = _sizes_up_to(self.stroke_size)
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
                break
            self.processing_size = self._resolution.size = fitting
        self.clock = Clock()

    @property
    def stroke_sizes(self) -> list[int]:
        """The sizes that the user may set: the steps below the long side of the frames, and that side."""
        largest = min(self._longest, SIZES[-1])
        return [*(size for size in SIZES if size < largest), largest]

    @property
    def _longest(self) -> int:
        """The long side of the frames; before they are known, more than any size."""
        return max(self._frame_shape) if self._frame_shape else sys.maxsize

    def set_stroke_size(self, size: int) -> None:
        """Change the size that the user set, in pixels; frames follow as soon as the network is compiled for it."""
        self.stroke_size = min(size, self._longest)
        if self._resolution is not None:
            self._resolution.allow(_sizes_up_to(self.stroke_size))
        self._compiled = self._compiler.submit(self._follow)

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
                self._adapt(begin_seconds + time.perf_counter() - start)
            return output

        return timed_finish

    def close(self) -> None:
        """Wait for a compilation under way: the runtime must not be torn down during it at exit."""
        self._compiler.shutdown(cancel_futures=True)

    def _adapt(self, duration: float) -> None:
        """Take into account that a frame took `duration` seconds."""
        if self._compiled is not None:
            if not self._compiled.done():
                return
            self._compiled.result()  # raises what the compilation raised
            self._compiled = None
        if self._resolution is not None:
            self._resolution.update(duration, time.perf_counter())
            if self._due() != self.processing_size:
                self._compiled = self._compiler.submit(self._follow)

    def _due(self) -> int:
        return self.stroke_size if self._resolution is None else self._resolution.size

    def _follow(self) -> None:
        """Compile the network for the size that is due, and then use it."""
        while (size := self._due()) != self.processing_size:
            if self._frame_shape is not None:
                Stylizer(self.network, size).warm_up(*self._frame_shape)
            self.processing_size = size

    def _time(self, image: Image, params: RenderParams, temporal_filter: TemporalFilter | None) -> float:
        start = time.perf_counter()
        super().begin(image, params, None, temporal_filter)()
        return time.perf_counter() - start


def _sizes_up_to(largest: int) -> list[int]:
    """Return the sizes to choose from for the sake of the frame rate if the user set `largest`."""
    return [size for size in SIZES if SMALLEST_ADAPTED <= size < largest] + [largest]
