"""Text over the picture: a dark translucent panel with outlined letters, readable on any video."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..frames import Image

Row = Sequence[str]
"""The columns of one line."""

FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE = (255, 255, 255)
RED = (80, 80, 255)


class Panel:
    """Rows of text in a box. The box is drawn anew only when the rows change, as letters are slow to draw.

    corner: where it goes, (vertical, horizontal) from 0, top and left, to 1, bottom and right.
    """

    def __init__(self, corner: tuple[float, float]) -> None:
        self._corner = corner
        self._drawn: tuple | None = None
        self._box = self._letters = np.zeros((0, 0, 3), np.uint8)

    def draw(self, canvas: Image, rows: Sequence[Row], colour: tuple[int, int, int] = WHITE) -> None:
        """Draw `rows` onto `canvas` (uint8 BGR), in letters that fit its height."""
        if not rows:
            return
        wanted = (tuple(tuple(row) for row in rows), colour, canvas.shape)
        if wanted != self._drawn:
            self._box, self._letters = _render(rows, colour, canvas.shape[0])
            self._drawn = wanted
        height, width = (min(a, b) for a, b in zip(self._box.shape, canvas.shape[:2]))
        top = round((canvas.shape[0] - height) * self._corner[0])
        left = round((canvas.shape[1] - width) * self._corner[1])
        region = canvas[top : top + height, left : left + width]
        cv2.addWeighted(region, 0.4, region, 0, 0, dst=region)
        cv2.copyTo(self._box[:height, :width], self._letters[:height, :width], region)


def _render(rows: Sequence[Row], colour, frame_height: int) -> tuple[np.ndarray, np.ndarray]:
    """(letters on black, uint8 BGR; they and their outline as a mask, 0 or 255), the size of the box."""
    # Letters grow with the window, but more slowly: a large window is for the picture.
    scale = 0.5 * max(frame_height / 480, 0.5) ** 0.6
    line = round(scale * 40)
    pad = round(scale * 20)
    widths = [
        max((cv2.getTextSize(row[k], FONT, scale, 1)[0][0] for row in rows if len(row) > k), default=0)
        for k in range(max(map(len, rows)))
    ]
    lefts = [pad + sum(widths[:k]) + 2 * pad * k for k in range(len(widths))]
    shape = (line * len(rows) + pad, lefts[-1] + widths[-1] + pad)
    text = np.zeros(shape, np.uint8)
    for number, row in enumerate(rows):
        for left, words in zip(lefts, row):
            at = (left, round(pad / 2 + line * (number + 0.7)))
            cv2.putText(text, words, at, FONT, scale, 255, 1, cv2.LINE_AA)
    # The outline is grown from the letters: drawn thicker, a font has other widths.
    around = cv2.dilate(text, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    box = np.rint(text[..., None] / 255 * np.array(colour)).astype(np.uint8)
    return box, cv2.threshold(around, 60, 255, cv2.THRESH_BINARY)[1]
