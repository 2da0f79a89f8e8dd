"""What a frame is, said once.

A frame is a uint8 array, BGR, H x W x 3, C-contiguous, with a time in seconds.
RGB, floats and batches exist only inside a network.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Image = np.ndarray
"""uint8, BGR, H x W x 3, C-contiguous."""

StyleCode = np.ndarray
"""float32 vector: what a network knows of a style picture."""


class Frame(NamedTuple):
    """One picture of a stream."""

    image: Image
    time: float
    """Seconds since the stream began, by the stream's own clock (a camera: the capture time)."""


def check_image(image: Image) -> None:
    """Raise ValueError, which says what it is instead, for what is no Picture; any strides will do."""
    if not isinstance(image, np.ndarray):
        found = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        found = f"{image.dtype} of shape {image.shape}"
    else:
        return
    raise ValueError(
        f"a picture is a uint8 array of height x width x 3, BGR, not {found}; read_image reads one from a file"
    )
