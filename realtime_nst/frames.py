"""Frames, images, sound and style codes: the values that every part of the program passes on.

A frame is a uint8 array, BGR, H x W x 3, C-contiguous, with a time in seconds. RGB, floats and batches exist only
inside a network.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from .errors import ArgumentError

# OpenCV's type stubs call every result an array of any integer or float type, so the dtype cannot be part of the type.
Image: TypeAlias = npt.NDArray[Any]
"""uint8, BGR, H x W x 3, C-contiguous."""

Plane: TypeAlias = npt.NDArray[Any]
"""float32, H x W: a mask, or one channel."""

StyleCode: TypeAlias = npt.NDArray[np.float32]
"""float32 vector: a network's summary of a style image. Codes of one network can be averaged."""


class Frame(NamedTuple):
    """One image of a stream, with its time."""

    image: Image
    time: float
    """Seconds since the stream began, by the stream's own clock. For a camera this is the capture time."""
    original: Image | None = None
    """Of a stylized frame: the image that it was made from, mirrored if requested. Read it, never draw on it."""

    @property
    def picture(self) -> Image:
        """Deprecated name of `image`."""
        warnings.warn("Frame.picture is now called Frame.image", DeprecationWarning, stacklevel=2)
        return self.image


class AudioChunk(NamedTuple):
    """A piece of sound, timed by the clock of the frames that it belongs to."""

    samples: npt.NDArray[np.float32]
    """float32 in [-1, 1], N x channels."""
    time: float
    """When the first sample was captured, in seconds, as in `Frame.time`."""


class RenderParams(NamedTuple):
    """How to render one frame: made once from the options or the session, and passed on whole."""

    code: StyleCode | None
    """The style. None: no style is ready yet, so the frame stays as it is."""
    strength: float = 1.0
    """How much style, 0 to 1. 0 returns the frame exactly."""
    mirror: bool = False
    """Flip the frame left to right before it is stylized."""
    keep_colors: bool = False
    """Take only the luminance from the style; the colours stay the frame's own."""
    processing_size: int | None = None
    """Long side, in pixels, of what the network sees. None: the stylizer's own."""

    def renders_same(self, other: RenderParams) -> bool:
        """Return whether both give the same output for the same image, whenever it is rendered.

        With a strength between 0 and 1 they never do: the frame's own style code, which is mixed in, changes over time.
        """
        if self.code is None or other.code is None or 0 < self.strength < 1:
            return False
        return self[1:] == other[1:] and np.array_equal(self.code, other.code)


def check_image(image: object) -> None:
    """Check that `image` is a uint8 array, H x W x 3, with any strides.

    Raises:
        ArgumentError: if it is anything else; the message says what it is instead.
    """
    found = type(image).__name__
    if isinstance(image, np.ndarray):
        array = cast(Image, image)
        if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3 and array.size:
            return
        found = f"{array.dtype} of shape {array.shape}"
    raise ArgumentError(
        f"an image is a uint8 array of height x width x 3, BGR, not {found}; read_image reads one from a file"
    )


def check_code(code: object) -> None:
    """Check that `code` is a style code: a vector of finite numbers.

    Raises:
        ArgumentError: if it is anything else; the message says what it is instead.
    """
    found = type(code).__name__
    if isinstance(code, np.ndarray):
        array = cast(Image, code)
        found = f"{array.dtype} of shape {array.shape}"
        if array.ndim == 1 and array.size and array.dtype.kind in "fiu":
            if np.isfinite(array).all():
                return
            found = "one with NaN or infinite values"
    raise ArgumentError(f"a style code is a vector of numbers, not {found}; Stylizer.encode makes one from a picture")
