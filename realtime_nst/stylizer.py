"""Stylizer: a network and a processing size. Style images become codes, frames are stylized at their own size."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np

from . import _arguments
from ._closing import Closing
from .errors import RunError
from .frames import Frame, Image, RenderParams, StyleCode, check_code, check_image
from .interfaces import Notify
from .media.color import in_colors_of
from .networks.base import Network
from .styles.blending import blend
from .styles.fitted import FittedStyles
from .styles.library import Style
from .temporal.filter import TemporalFilter
from .timing import Clock


def load_stylizer(
    model: str | os.PathLike[str] = "auto",
    device: str = "auto",
    processing_size: int | None = None,
    say: Notify = lambda message: None,
    throughput: bool = False,
    fitted: bool = True,
) -> Stylizer:
    """Open a model and wrap it in a Stylizer.

    Args:
        model: "auto", "hub", "fast", a SavedModel folder or a URL.
        device: "auto", "cpu" or "gpu".
        processing_size: long side, in pixels, of the image that the network sees; None for the network's default.
        say: called with one sentence before anything that takes long.
        throughput: process several frames at once where that raises frames per second at the price of latency,
            as for clips.
        fitted: use the style vectors that were fitted, see `Stylizer.encode_style`.

    Raises:
        ModelError: if the model is missing, cannot be fetched or read.
        DeviceError: if the requested device is missing.
        ArgumentError: if an argument has the wrong type or range.
    """
    from .networks.registry import open_network

    if processing_size is not None:  # refused before the model is loaded
        processing_size = _arguments.whole_number("processing_size", processing_size, 1)
    network = open_network(model, device, say, throughput)
    return Stylizer(network, processing_size, fitted_styles(network, say) if fitted else None)


def fitted_styles(network: Network, say: Notify = lambda message: None) -> FittedStyles:
    """Return the style vectors that were fitted for a network; `say` is told once about each that is stale."""
    return FittedStyles(network.name, network.fingerprint, say)


class Rendering(NamedTuple):
    """The inputs of a post-effect besides the stylized frame."""

    image: Image
    """The frame as it came in, mirrored if requested."""
    network_input: Image
    """The network's input: the frame at the processing size, denoised for a stream."""
    params: RenderParams
    temporal_filter: TemporalFilter | None
    """The filter of the stream that the frame belongs to; None for a single image."""


PostEffect = Callable[[Image, Rendering], Image]
"""Takes the stylized frame so far (uint8 BGR, H x W x 3) and returns the next one; it may return its argument."""


def hold_strokes(stylized: Image, rendering: Rendering) -> Image:
    """Keep the strokes of a stream where they were in the previous frame."""
    if rendering.temporal_filter is None:
        return stylized
    code, strength = rendering.params.code, rendering.params.strength
    assert code is not None  # nothing is rendered without a style
    return rendering.temporal_filter.hold(stylized, rendering.network_input, code, strength)


def keep_colors(stylized: Image, rendering: Rendering) -> Image:
    """Take only the luminance from the style if `keep_colors` is set."""
    return in_colors_of(rendering.image, stylized) if rendering.params.keep_colors else stylized


def fade_to_original(stylized: Image, rendering: Rendering) -> Image:
    """Mix in the original below strength 0.25.

    A network that is given an image's own code returns that image only roughly, so without this the fade to strength 0
    would end in a visible step.
    """
    share = min(rendering.params.strength / 0.25, 1.0)
    return cv2.addWeighted(stylized, share, rendering.image, 1 - share, 0) if share < 1 else stylized  # pyright: ignore[reportReturnType]


POST_EFFECTS: tuple[PostEffect, ...] = (hold_strokes, keep_colors, fade_to_original)
"""The effects that are applied to every stylized frame, in this order."""


class Stylizer(Closing):
    """Applies styles to images of any size through a network that sees them at the processing size.

    May be used from several threads at once if the network may.

    Args:
        network: the network.
        processing_size: long side, in pixels, of the image that the network sees; None for the network's default.
        fitted: the vectors that `encode_style` uses; None: only predicted ones.

    Attributes:
        network: the network.
        processing_size: long side, in pixels, of the image that the network sees.
        encodes: number of style images encoded so far.
        clock: durations of the prepare, stylize and finish stages.
    """

    def __init__(
        self, network: Network, processing_size: int | None = None, fitted: FittedStyles | None = None
    ) -> None:
        self.network = network
        self._fitted = fitted
        if processing_size is None:
            processing_size = network.default_processing_size
        self.processing_size = _arguments.whole_number("processing_size", processing_size, 1)
        self.encodes = 0
        self.clock = Clock()

    def close(self) -> None:
        """End background work, of which this class has none. Calling it again does nothing."""

    def encode(self, image: Image) -> StyleCode:
        """Encode a style image of any size. This takes tens of milliseconds: do it once per style.

        Args:
            image: uint8 BGR, H x W x 3, with any strides.

        Returns:
            The style code, a float32 vector.

        Raises:
            ArgumentError: if `image` is not a valid image.
        """
        check_image(image)
        code = self.content_code(image)
        self.encodes += 1
        return code

    def encode_style(self, style: Style) -> StyleCode:
        """Return the vector that was fitted to a style's picture for this network, or encode the picture.

        Raises:
            StyleError: if the picture cannot be read.
        """
        vector = self.fitted_vector(style)
        return self.encode(style.read()) if vector is None else vector

    def fitted_vector(self, style: Style) -> StyleCode | None:
        """Return the vector that was fitted to a style's picture for this network; None: there is none to be used."""
        return self._fitted.vector(style) if self._fitted else None

    def warm_up(self, height: int, width: int) -> None:
        """Compile the network for frames of this size (pixels), so that the first frame does not have to wait."""
        blank = np.zeros((height, width, 3), np.uint8)
        network_input = self.network.prepare(blank, self.processing_shape(height, width))
        self.network.begin(network_input, self.network.encode(blank), blank)()

    def temporal_filter(self) -> TemporalFilter:
        """Return a new filter against flicker; each stream needs its own."""
        return TemporalFilter(self.network.quick)

    def content_code(self, image: Image) -> StyleCode:
        """Encode a frame's own look, which a strength below 1 mixes in: float32 vector.

        Raises:
            RunError: if the network computes NaN or infinite values.
        """
        code = self.network.encode(image)
        if not np.isfinite(code).all():
            raise RunError(
                f"the model {self.network.name} computed NaN or infinite values for a style: it is damaged; choose "
                "another --model"
            )
        return code

    def stylize(
        self,
        image: Image,
        code: StyleCode,
        strength: float = 1.0,
        content: StyleCode | None = None,
        keep_colors: bool = False,
    ) -> Image:
        """Stylize one image that belongs to no stream.

        Args:
            image: uint8 BGR, H x W x 3, any size and strides. It is not changed.
            code: the style, from `encode`.
            strength: 0 to 1. 1 is the style itself; 0 returns `image` exactly. In between, the code is mixed with the
                image's own code, as in Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural
                artistic stylization network", 2017.
            content: the image's own code; None: encode it now if `strength` needs it.
            keep_colors: take only the luminance from the style.

        Returns:
            uint8 BGR of the same size.

        Raises:
            ArgumentError: if `image`, `code` or `strength` is not valid.
        """
        check_code(code)
        return self.begin(image, RenderParams(code, strength, keep_colors=keep_colors), content)()

    def begin(
        self,
        image: Image,
        params: RenderParams,
        content: StyleCode | None = None,
        temporal_filter: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        """Start to stylize an image, and return a function that waits for the result.

        Where the network has `frames_in_flight`, the next image may be started before that function is called.

        Args:
            image: as in `stylize`. The caller mirrors it if needed: `params.mirror` is ignored here.
            params: how to render it.
            content: as in `stylize`.
            temporal_filter: the filter of the stream that `image` is the next frame of.

        Raises:
            ArgumentError: if `image`, the code or the strength is not valid.
        """
        check_image(image)
        _arguments.number("strength", params.strength, 0, 1)
        if params.code is not None:
            check_code(params.code)
        if params.code is None or params.strength <= 0:
            return lambda: image
        code = params.code
        if params.strength < 1:
            own = self.content_code(image) if content is None else content
            code = blend([code, own], [params.strength, 1 - params.strength])
        height, width = image.shape[:2]
        with self.clock.stage("prepare"):
            shape = self.processing_shape(height, width, params.processing_size)
            network_input = self.network.prepare(image, shape)
            if temporal_filter:
                network_input = temporal_filter.denoise(network_input)
        with self.clock.stage("stylize"):
            finish = self.network.begin(network_input, code, image)
        rendering = Rendering(image, network_input, params, temporal_filter)

        def end() -> Image:
            with self.clock.stage("finish"):
                stylized = finish()
                for effect in POST_EFFECTS:
                    stylized = effect(stylized, rendering)
            return stylized

        return end

    def processing_shape(self, height: int, width: int, size: int | None = None) -> tuple[int, int]:
        """Return the (height, width), in pixels, at which the network sees a frame: never larger than the frame.

        Args:
            height: height of the frame.
            width: width of the frame.
            size: the processing size; None: the stylizer's own.
        """
        scale = min((size or self.processing_size) / max(height, width), 1.0)
        return max(round(height * scale), 1), max(round(width * scale), 1)


class ContentCode:
    """A stream's own code, followed over time, so that a strength below 1 neither flickers nor encodes every frame.

    A frame is encoded every `every` seconds of the stream, and the code glides towards the newest result with the time
    constant `glide` (seconds). With `wait`, a frame waits for its own encoding, so that a clip always gives the same
    frames; without it, encoding runs beside the video.
    """

    def __init__(self, stylizer: Stylizer, *, wait: bool, every: float = 1.0, glide: float = 0.7) -> None:
        self._stylizer = stylizer
        self._wait = wait
        self._every = every
        self._glide = glide
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="content-code")
        self._pending: Future[StyleCode] | None = None
        self._codes: tuple[StyleCode, StyleCode] | None = None
        """The code now, and the one that it glides towards."""
        self._requested = self._moved = 0.0

    def follow(self, frame: Frame) -> StyleCode:
        """Return the stream's code at `frame`: float32 vector."""
        if self._codes is None:
            code = self._stylizer.content_code(frame.image)
            self._codes = code, code
            self._requested = self._moved = frame.time
            return code
        code, target = self._codes
        if self._pending is None and frame.time - self._requested >= self._every:
            self._pending = self._pool.submit(self._stylizer.content_code, frame.image)
            self._requested = frame.time
        if self._pending is not None and (self._wait or self._pending.done()):
            target, self._pending = self._pending.result(), None
        step = 1 - math.exp(-max(frame.time - self._moved, 0.0) / self._glide)
        code = blend([target, code], [step, 1 - step])
        self._codes, self._moved = (code, target), frame.time
        return code

    def close(self) -> None:
        """Drop the frames that are waiting to be encoded."""
        self._pool.shutdown(wait=False, cancel_futures=True)
