"""Which way up a picture is, as its EXIF block says."""

from __future__ import annotations

import cv2
import numpy as np

TURNS = {
    2: lambda picture: cv2.flip(picture, 1),
    3: lambda picture: cv2.rotate(picture, cv2.ROTATE_180),
    4: lambda picture: cv2.flip(picture, 0),
    5: cv2.transpose,
    6: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_CLOCKWISE),
    7: lambda picture: cv2.rotate(cv2.transpose(picture), cv2.ROTATE_180),
    8: lambda picture: cv2.rotate(picture, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What each value of the tag Orientation (Exif 2.3, 4.6.4 A) asks of who shows the picture; 1: nothing."""


def upright(picture: np.ndarray, exif: bytes) -> np.ndarray:
    """`picture` (H x W x any) turned as its EXIF block ("II" or "MM" first) asks; as it is where it says nothing."""
    order = {b"II": "little", b"MM": "big"}.get(exif[:2])
    if order is None:
        return picture

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], order)

    first = number(4, 4)
    for entry in range(first + 2, min(first + 2 + 12 * number(first, 2), len(exif)), 12):
        if number(entry, 2) == 0x112:
            return TURNS.get(number(entry + 8, 2), lambda same: same)(picture)
    return picture
