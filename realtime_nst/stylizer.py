"""A network and a work size: styles in as codes, frames in and out at their own size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cv2
import numpy as np

from .frames import Frame, Image, StyleCode, check_image
from .media.color import in_colors_of
from .networks.base import Network
from .temporal.filter import TemporalFilter
from .timing import Clock


def load_stylizer(
    model: str = "auto",
    device: str = "auto",
    processing_size: int | None = None,
    say: Callable[[str], None] = lambda message: None,
    throughput: bool = False,
) -> Stylizer:
    """Open a model and wrap it.

    model: "auto", "hub", "fast", a SavedModel folder or a URL; device: "auto", "cpu" or "gpu";
    processing_size: the long side in pixels that the network sees, None for the network's default;
    say: told what takes long; throughput: work on several frames at once where that makes more of them a second,
    each later, as for clips. Raises ModelError or DeviceError.
    """
    from .networks.registry import open_network

    return Stylizer(open_network(model, device, say, throughput), processing_size)


class Stylizer:
    """Applies styles to pictures of any size through a network that sees them at the work size.

    May be used from several threads at once if the network may.
    """

    def __init__(self, network: Network, processing_size: int | None = None) -> None:
        self.network = network
        self.processing_size = processing_size or default_processing_size(network)
        self.encodes = 0
        """How many style pictures were encoded."""
        self.clock = Clock()
        """How long prepare, stylize and finish took."""

    def encode(self, image: Image) -> StyleCode:
        """The code of a style picture: float32 vector. Slow; done once a style. Raises ValueError for what is none."""
        check_image(image)
        code = self.network.encode(image)
        self.encodes += 1
        return code

    def warm_up(self, height: int, width: int) -> None:
        """Compile the network for frames of this size now, which the first frame would else wait for."""
        blank = np.zeros((height, width, 3), np.uint8)
        shown = self.network.prepare(blank, self.processing_shape(height, width))
        self.network.begin(shown, self.network.encode(blank), blank)()

    def close(self) -> None:
        """End what runs beside the frames: nothing here."""

    def temporal_filter(self) -> TemporalFilter:
        """What keeps one stream from flickering; each stream needs its own."""
        return TemporalFilter(self.network.quick)

    def content_code(self, image: Image) -> StyleCode:
        """The code of a frame's own look, to which strength mixes: float32 vector."""
        return self.network.encode(image)

    def stylize(
        self,
        image: Image,
        code: StyleCode,
        strength: float = 1.0,
        content: StyleCode | None = None,
        keep_colors: bool = False,
    ) -> Image:
        """Return `picture` (uint8 BGR, H x W x 3) in the style of `code`, same size.

        strength 1 is the style itself; 0 returns `picture` exactly. Between them the code is mixed with the
        picture's own code, `content` (None: encoded here and now), as Ghiasi et al. 2017 do; since a network
        given a picture's own code gives that picture back only roughly, the pixels fade to the original below
        strength 0.25, so that the way down to 0 has no step. keep_colors: only the luminance is the style's.
        Raises ValueError for what is no picture.
        """
        return self.begin(image, code, strength, content, keep_colors)()

    def begin(
        self,
        image: Image,
        code: StyleCode,
        strength: float = 1.0,
        content: StyleCode | None = None,
        keep_colors: bool = False,
        steady: TemporalFilter | None = None,
    ) -> Callable[[], Image]:
        """Begin what `stylize` does: calling what is returned waits for the network and gives the picture.

        Where the network runs `ahead` the next frame may be begun before that. steady: of the stream that `picture` is
        the next frame of.
        """
        check_image(image)
        if strength <= 0:
            return lambda: image
        wanted = code, strength
        if strength < 1:
            own = self.content_code(image) if content is None else content
            code = blend([code, own], [strength, 1 - strength])
        with self.clock.stage("prepare"):
            shown = self.network.prepare(image, self.processing_shape(*image.shape[:2]))
            if steady:
                shown = steady.seen(shown)
        with self.clock.stage("stylize"):
            finish = self.network.begin(shown, code, image)

        def end() -> Image:
            with self.clock.stage("finish"):
                styled = finish()
                if steady:
                    styled = steady.made(styled, shown, *wanted)
                if keep_colors:
                    styled = in_colors_of(image, styled)
                fade = min(strength / 0.25, 1.0)
                if fade < 1:
                    styled = cv2.addWeighted(styled, fade, image, 1 - fade, 0)
            return styled

        return end

    def processing_shape(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) in pixels at which the network sees a frame; never larger than the frame."""
        scale = min(self.processing_size / max(height, width), 1.0)
        return max(round(height * scale), 1), max(round(width * scale), 1)


def default_processing_size(network: Network) -> int:
    """The long side in pixels at which two CPU cores keep up with a camera."""
    return 640 if network.name == "fast" else 384


def blend(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """The weighted mean of style codes: float32 vector. Weights are scaled to sum to 1.

    Raises ValueError where their numbers differ or the weights sum to nothing.
    """
    if len(codes) != len(weights) or not codes or not sum(weights):
        raise ValueError(f"cannot blend {len(codes)} codes by the weights {list(weights)}")
    return np.average(np.stack(codes), axis=0, weights=weights).astype(np.float32)


class ContentCode:
    """A stream's own code, followed over time, so that strength neither flickers nor costs an encode a frame.

    A frame is encoded every `every` seconds of the stream, and the code glides towards the newest result with
    the time constant `glide`. With `wait` the encoding is waited for (a clip gives the same frames each
    time); without it runs beside the video.
    """

    def __init__(self, stylizer: Stylizer, *, wait: bool, every: float = 1.0, glide: float = 0.7) -> None:
        self._stylizer = stylizer
        self._wait = wait
        self._every = every
        self._glide = glide
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="content-code")
        self._pending: Future[StyleCode] | None = None
        self._target: StyleCode | None = None
        self._code: StyleCode | None = None
        self._asked = self._moved = 0.0

    def follow(self, frame: Frame) -> StyleCode:
        """The stream's code at `frame`: float32 vector."""
        if self._code is None:
            self._code = self._target = self._stylizer.content_code(frame.image)
            self._asked = self._moved = frame.time
            return self._code
        if self._pending is None and frame.time - self._asked >= self._every:
            self._pending = self._pool.submit(self._stylizer.content_code, frame.image)
            self._asked = frame.time
        if self._pending is not None and (self._wait or self._pending.done()):
            self._target, self._pending = self._pending.result(), None
        step = 1 - np.exp(-max(frame.time - self._moved, 0.0) / self._glide)
        self._code = blend([self._target, self._code], [step, 1 - step])
        self._moved = frame.time
        return self._code

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
