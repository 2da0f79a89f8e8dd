"""Contact sheets: pictures side by side, with what they are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from .frames import Picture

Tile = tuple[str, Picture]
"""A caption and a uint8 BGR picture."""


def contact_sheet(tiles: Sequence[Tile], columns: int | None = None, side: int = 256) -> Picture:
    """The pictures in rows of `columns` (None: about as wide as high), each fitted into a square, uint8 BGR."""
    columns = columns or math.ceil(math.sqrt(len(tiles)))
    cells = [_cell(caption, picture, side) for caption, picture in tiles]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def _cell(caption: str, picture: Picture, side: int) -> Picture:
    cell = np.full((side + 24, side + 6, 3), 255, np.uint8)
    scale = side / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    top, left = (side - height) // 2 + 3, (side - width) // 2 + 3
    cell[top : top + height, left : left + width] = small
    cv2.putText(cell, caption[:34], (5, side + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return cell
