"""Contact sheets: pictures side by side, with what they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ..frames import Picture

Tile = tuple[str, Picture]
"""A caption and a uint8 BGR picture."""


def contact_sheet(tiles: Sequence[Tile], columns: int | None = None, side: int = 256) -> Picture:
    """The pictures in rows of `columns` (None: about as wide as high), each fitted into a square, uint8 BGR.

    A row is as high as its highest picture, so that wide ones leave no gaps.
    """
    columns = columns or math.ceil(math.sqrt(len(tiles)))
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    return np.vstack([_row(row, columns, side) for row in rows])


def _row(tiles: Sequence[Tile], columns: int, side: int) -> Picture:
    fitted = [_fitted(picture, side) for _, picture in tiles]
    height = max(picture.shape[0] for picture in fitted)
    row = np.full((height + 24, columns * (side + 6), 3), 255, np.uint8)
    for number, ((caption, _), small) in enumerate(zip(tiles, fitted)):
        left = number * (side + 6) + 3
        y, x = (height - small.shape[0]) // 2 + 3, left + (side - small.shape[1]) // 2
        row[y : y + small.shape[0], x : x + small.shape[1]] = small
        below = (left + 2, height + 18)
        cv2.putText(row, caption[:34], below, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return row


def _fitted(picture: Picture, side: int) -> Picture:
    scale = side / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
