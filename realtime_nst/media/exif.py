"""Which way up a picture is, as its EXIF block says."""

from __future__ import annotations

import cv2
import numpy as np

TURNS = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What each value of the tag Orientation (Exif 2.3, 4.6.4 A) asks of who shows the picture; 1: nothing."""


def upright(image: np.ndarray, exif: bytes) -> np.ndarray:
    """`picture` (H x W x any) turned as its EXIF block ("II" or "MM" first) asks; as it is where it says nothing."""
    order = {b"II": "little", b"MM": "big"}.get(exif[:2])
    if order is None:
        return image

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], order)

    first = number(4, 4)
    for entry in range(first + 2, min(first + 2 + 12 * number(first, 2), len(exif)), 12):
        if number(entry, 2) == 0x112:
            return TURNS.get(number(entry + 8, 2), lambda same: same)(image)
    return image
