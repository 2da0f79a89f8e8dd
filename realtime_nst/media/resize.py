"""Frames scaled down fast, or into a window."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Image


def downscale(image: Image, size: tuple[int, int]) -> Image:
    """`picture` at `size` (height, width), each pixel the mean of the area that it takes the place of.

    Halved first as often as leaves at least twice of what is wanted: OpenCV halves ten times as fast as it goes to
    other fractions. A frame of 1280x720 becomes 280x156 in 0.8 instead of 1.9 ms on one core.
    """
    while all(have % 2 == 0 and have >= 4 * wanted for have, wanted in zip(image.shape, size)):
        image = _resized(image, (image.shape[0] // 2, image.shape[1] // 2))
    return _resized(image, size)


def letterbox(image: Image, height: int, width: int) -> Image:
    """A new picture, height x width: `picture` as large as it fits, black beside it."""
    if height < 16 or width < 16:  # A window that is not laid out yet.
        return image.copy()
    scale = min(height / image.shape[0], width / image.shape[1])
    down, across = min(round(image.shape[0] * scale), height), min(round(image.shape[1] * scale), width)
    top, left = (height - down) // 2, (width - across) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inside = canvas[top : top + down, left : left + across]
    cv2.resize(image, (across, down), dst=inside, interpolation=way)
    return canvas


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a still image with the filter that fits: area averaging to shrink, bicubic interpolation to enlarge.

    OpenCV's area averaging enlarges by repeating pixels, which makes blocks.

    Args:
        image: uint8 or float32, H x W or H x W x C.
        size: (height, width) in pixels of the result.

    Returns:
        The scaled image, of the dtype of `image`; `image` itself if it has that size.
    """
    shrunk = min(image.shape[0], size[0]), min(image.shape[1], size[1])
    if image.shape[:2] != shrunk:
        image = _resized(image, shrunk)
    if shrunk != size:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
    return image


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
