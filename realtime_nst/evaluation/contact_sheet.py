"""Contact sheets: pictures side by side, with what they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ..frames import Image
from ..media.resize import resize

Tile = tuple[str, Image]
"""A caption and a uint8 BGR picture."""


def contact_sheet(tiles: Sequence[Tile], columns: int | None = None, side: int = 256) -> Image:
    """The pictures in rows of `columns` (None: about as wide as high), each fitted into a square, uint8 BGR.

    A row is as high as its highest picture, so that wide ones leave no gaps.
    """
    columns = columns or math.ceil(math.sqrt(len(tiles)))
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    return np.vstack([_row(row, columns, side) for row in rows])


def _row(tiles: Sequence[Tile], columns: int, side: int) -> Image:
    fitted = [_fitted(image, side) for _, image in tiles]
    height = max(image.shape[0] for image in fitted)
    row = np.full((height + 24, columns * (side + 6), 3), 255, np.uint8)
    for number, ((caption, _), small) in enumerate(zip(tiles, fitted)):
        left = number * (side + 6) + 3
        y, x = (height - small.shape[0]) // 2 + 3, left + (side - small.shape[1]) // 2
        row[y : y + small.shape[0], x : x + small.shape[1]] = small
        below = (left + 2, height + 18)
        cv2.putText(row, caption[:34], below, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return row


def _fitted(image: Image, side: int) -> Image:
    scale = side / max(image.shape[:2])
    return resize(image, (max(round(image.shape[0] * scale), 1), max(round(image.shape[1] * scale), 1)))
