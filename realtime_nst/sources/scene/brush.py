"""Shapes drawn into a layer, in frame heights."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .layers import make_layer

SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates."""

Colour = Sequence[float] | np.ndarray
"""BGR, about 0..255."""


class Brush:
    """Draws polygons, lines and discs on a transparent ground of extent (width, height), in frame heights.

    Args:
        height: The frame's height in pixels.
        samples: Supersampling factor.
    """

    def __init__(self, extent: tuple[float, float], height: int, samples: int) -> None:
        self._size = max(round(extent[0] * height), 1), max(round(extent[1] * height), 1)
        self._scale = height * samples
        self._image = np.zeros((self._size[1] * samples, self._size[0] * samples, 4), np.uint8)

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        """Fill the polygon through `points`, n x 2."""
        cv2.fillPoly(self._image, [self._fixed(points)], _opaque(colour), cv2.LINE_8, SHIFT)

    def line(self, points: np.ndarray, colour: Colour, width: float) -> None:
        """Draw the line through `points`, n x 2."""
        thickness = max(round(width * self._scale), 1)
        cv2.polylines(self._image, [self._fixed(points)], False, _opaque(colour), thickness, cv2.LINE_8, SHIFT)

    def discs(self, centres: np.ndarray, radius: float, colour: Colour) -> None:
        """Draw discs of one size around `centres`, n x 2."""
        size, value = max(round(radius * self._scale * 2**SHIFT), 1), _opaque(colour)
        for centre in self._fixed(centres).tolist():
            cv2.circle(self._image, centre, size, value, -1, cv2.LINE_8, SHIFT)

    def layer(self) -> np.ndarray:
        """What was drawn, as a layer."""
        *planes, cover = cv2.split(self._image)
        return make_layer(cv2.merge(planes), cover * np.float32(1 / 255), self._size)

    def _fixed(self, points: np.ndarray) -> np.ndarray:
        return (points * (self._scale * 2**SHIFT)).astype(np.int32)


def _opaque(colour: Colour) -> list[float]:
    return [*(min(max(float(each), 0.0), 255.0) for each in colour), 255.0]
