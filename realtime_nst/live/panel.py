"""Text over video: a dark translucent panel with outlined letters, readable on any image."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..frames import Image

Row = Sequence[str]
"""The columns of one line."""
Color = tuple[int, int, int]
"""(blue, green, red), 0 to 255."""

FONT = cv2.FONT_HERSHEY_SIMPLEX
WHITE: Color = (255, 255, 255)


class Panel:
    """Rows of text in a box, rendered again only when they change, because text is slow to render.

    Args:
        corner: where the box goes, as (vertical, horizontal) from 0 (top, left) to 1 (bottom, right).
    """

    def __init__(self, corner: tuple[float, float]) -> None:
        self._corner = corner
        self._rendered: tuple[object, ...] | None = None
        self._box = self._mask = np.zeros((0, 0, 3), np.uint8)

    def draw(self, canvas: Image, rows: Sequence[Row], color: Color = WHITE) -> None:
        """Draw `rows` onto `canvas` in place, with letters that suit its height. Without rows, draw nothing."""
        if not rows:
            return
        requested = (tuple(tuple(row) for row in rows), color, canvas.shape)
        if requested != self._rendered:
            self._box, self._mask = _render(rows, color, canvas.shape[0])
            self._rendered = requested
        height, width = (min(a, b) for a, b in zip(self._box.shape, canvas.shape[:2]))
        top = round((canvas.shape[0] - height) * self._corner[0])
        left = round((canvas.shape[1] - width) * self._corner[1])
        region = canvas[top : top + height, left : left + width]
        cv2.addWeighted(region, 0.4, region, 0, 0, dst=region)
        cv2.copyTo(self._box[:height, :width], self._mask[:height, :width], region)


def _render(rows: Sequence[Row], color: Color, canvas_height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the letters on black (uint8 BGR) and the mask of letters and outline (0 or 255), both of the box's size.

    Args:
        canvas_height: height in pixels of the image that the text goes onto.
    """
    # Letters grow with the window, but more slowly: a large window is for the video.
    scale = 0.5 * max(canvas_height / 480, 0.5) ** 0.6
    scale = min(scale, 0.95 * canvas_height / (40 * len(rows) + 20))  # many rows get smaller letters rather than be cut
    line_height = round(scale * 40)
    padding = round(scale * 20)
    widths = [
        max((cv2.getTextSize(row[k], FONT, scale, 1)[0][0] for row in rows if len(row) > k), default=0)
        for k in range(max(map(len, rows)))
    ]
    lefts = [padding + sum(widths[:k]) + 2 * padding * k for k in range(len(widths))]
    shape = (line_height * len(rows) + padding, lefts[-1] + widths[-1] + padding)
    letters = np.zeros(shape, np.uint8)
    for number, row in enumerate(rows):
        for left, text in zip(lefts, row):
            baseline = (left, round(padding / 2 + line_height * (number + 0.7)))
            cv2.putText(letters, text, baseline, FONT, scale, 255, 1, cv2.LINE_AA)
    # The outline is dilated from the letters: text drawn with a thicker pen would have different widths.
    outlined = cv2.dilate(letters, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    box = np.rint(letters[..., None] / 255 * np.array(color)).astype(np.uint8)
    return box, cv2.threshold(outlined, 60, 255, cv2.THRESH_BINARY)[1]
