"""Contact sheets: captioned images side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np

from ..frames import Image
from ..media.resize import resize

Tile: TypeAlias = tuple[str, Image]
"""A caption and a uint8 BGR image."""

MAX_CAPTION = 34
"""Characters of a caption that are shown."""


def contact_sheet(tiles: Sequence[Tile], columns: int | None = None, side: int = 256) -> Image:
    """Arrange images in rows.

    A row is as high as its highest image, so that wide images leave no gaps.

    Args:
        tiles: the images with their captions, row by row.
        columns: images per row. None: about as many as rows.
        side: side in pixels of the square that each image is fitted into.

    Returns:
        uint8 BGR.
    """
    columns = columns or math.ceil(math.sqrt(len(tiles)))
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    return np.vstack([_row(row, columns, side) for row in rows])


def _row(tiles: Sequence[Tile], columns: int, side: int) -> Image:
    fitted = [_fit(image, side) for _, image in tiles]
    height = max(image.shape[0] for image in fitted)
    row = np.full((height + 24, columns * (side + 6), 3), 255, np.uint8)
    for number, ((caption, _), small) in enumerate(zip(tiles, fitted)):
        left = number * (side + 6) + 3
        y, x = (height - small.shape[0]) // 2 + 3, left + (side - small.shape[1]) // 2
        row[y : y + small.shape[0], x : x + small.shape[1]] = small
        baseline = (left + 2, height + 18)
        cv2.putText(row, caption[:MAX_CAPTION], baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return row


def _fit(image: Image, side: int) -> Image:
    scale = side / max(image.shape[:2])
    return resize(image, (max(round(image.shape[0] * scale), 1), max(round(image.shape[1] * scale), 1)))
