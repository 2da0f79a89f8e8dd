"""What a frame is, said once.

A frame is a uint8 array, BGR, H x W x 3, C-contiguous, with a time in seconds.
RGB, floats and batches exist only inside a network.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Picture = np.ndarray
"""uint8, BGR, H x W x 3, C-contiguous."""

StyleCode = np.ndarray
"""float32 vector: what a network knows of a style picture."""


class Frame(NamedTuple):
    """One picture of a stream."""

    picture: Picture
    time: float
    """Seconds since the stream began, by the stream's own clock (a camera: the capture time)."""


def check_picture(picture: Picture) -> None:
    """Raise ValueError, which says what it is instead, for what is no Picture; any strides will do."""
    if not isinstance(picture, np.ndarray):
        found = type(picture).__name__
    elif picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        found = f"{picture.dtype} of shape {picture.shape}"
    else:
        return
    raise ValueError(
        f"a picture is a uint8 array of height x width x 3, BGR, not {found}; read_picture reads one from a file"
    )
