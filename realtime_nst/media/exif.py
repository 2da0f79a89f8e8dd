"""Apply the orientation that an image's EXIF block states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

AnyImage = npt.NDArray[Any]

ORIENTATIONS: dict[int, Callable[[AnyImage], AnyImage]] = {
    2: lambda image: np.asarray(cv2.flip(image, 1)),
    3: lambda image: np.asarray(cv2.rotate(image, cv2.ROTATE_180)),
    4: lambda image: np.asarray(cv2.flip(image, 0)),
    5: lambda image: np.asarray(cv2.transpose(image)),
    6: lambda image: np.asarray(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)),
    7: lambda image: np.asarray(cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)),
    8: lambda image: np.asarray(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)),
}
"""What makes an image upright for each value of the tag Orientation (Exif 2.3, 4.6.4 A); 1: nothing."""


def upright(image: AnyImage, exif: bytes) -> AnyImage:
    """Return an image turned upright.

    Args:
        image: H x W x any.
        exif: its EXIF block, which begins with "II" or "MM".

    Returns:
        The turned image; `image` itself if the block states no orientation.
    """
    orders: dict[bytes, Literal["little", "big"]] = {b"II": "little", b"MM": "big"}
    order = orders.get(exif[:2])
    if order is None:
        return image

    def number(offset: int, size: int) -> int:
        return int.from_bytes(exif[offset : offset + size], order)

    first = number(4, 4)
    for entry in range(first + 2, min(first + 2 + 12 * number(first, 2), len(exif)), 12):
        if number(entry, 2) == 0x112:
            turn = ORIENTATIONS.get(number(entry + 8, 2))
            return image if turn is None else turn(image)
    return image
