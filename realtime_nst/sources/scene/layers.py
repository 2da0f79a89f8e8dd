"""Premultiplied layers, how they move and how they are laid over an image.

A layer is uint8 H x W x 4: BGR already multiplied by its opacity, and transparency (255 - alpha) in the fourth channel.
Four channels because OpenCV remaps four more than twice as fast as three.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

COARSE = 4
"""Displacements are computed for every COARSE-th row, and column unless said otherwise, then enlarged."""

BAND = 64
"""Rows that are moved at a time; a multiple of COARSE."""

NO_MAP: Any = None
"""Second map of cv2.remap if the first has both coordinates; its type stub demands an array."""

Fields = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Displacements (x, y) of n fields, float32 n x h x w x 2 in pixels, at the pixel coordinates x and y (h x w)."""


def make_layer(image: np.ndarray, alpha: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
    """Make a layer.

    Args:
        image: uint8 BGR, H x W x 3.
        alpha: Opacity, float32 H x W, 0..1.
        size: (width, height) to shrink it to, for anti-aliasing.
    """
    whole = cv2.merge(
        [*(cv2.multiply(plane, alpha, dtype=cv2.CV_32F) for plane in cv2.split(image)), 255 - 255 * alpha]
    )
    if size is not None:
        whole = cv2.resize(whole, size, interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(whole)


def over(below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The layer of `above` laid over `below`, of the same size."""
    joined = below.copy()
    _lay(joined, above, _through(above))
    joined[..., 3] = cv2.multiply(below[..., 3], above[..., 3], scale=1 / 255)
    return joined


def clear(layer: np.ndarray) -> None:
    """Make a part of a layer transparent, in place."""
    layer[:] = (0, 0, 0, 255)


class StillLayer:
    """A layer that does not move.

    Args:
        layer: The layer.
        top, left: Its place in the frame, in pixels; it may reach out of the frame.
        frame: (height, width) of the frame.
    """

    def __init__(self, layer: np.ndarray, top: int, left: int, frame: tuple[int, int]) -> None:
        inside, self.place = _clip(layer, top, left, frame)
        self._layer = np.ascontiguousarray(layer[inside])
        # Rows that hide everything at the layer's lower end are only copied.
        solid = np.all(self.opaque, axis=1)
        self.solid_from = len(self._layer) - int(np.argmin(np.append(np.flip(solid), False)))
        """The first of them, counted from the layer's first row."""
        self._through = _through(self._layer[: self.solid_from]) if self.solid_from else None

    def draw(self, canvas: np.ndarray) -> None:
        """Lay the layer over the frame `canvas`, uint8 H x W x 4, in place."""
        part, solid = canvas[self.place], self.solid_from
        if self._through is not None:
            _lay(part[:solid], self._layer[:solid], self._through)
        part[solid:] = self._layer[solid:]

    @property
    def opaque(self) -> np.ndarray:
        """Where nothing behind the layer can be seen, bool, the size of `place`."""
        return self._layer[..., 3] == 0


class Displacement:
    """A field of displacements that is a weighted sum of fixed fields: motion for one small product a frame.

    Args:
        fields: The fields; it is called with coordinates that reach a little beyond the borders.
        size: (height, width) in pixels of what moves.
        origin: (top, left) that is added to the coordinates `fields` is called with.
        across: Columns for each computed displacement; there are COARSE rows.
    """

    def __init__(
        self, fields: Fields, size: tuple[int, int], origin: tuple[int, int] = (0, 0), across: int = COARSE
    ) -> None:
        self._size, self._across = size, across
        y, x = np.mgrid[: -(-size[0] // COARSE) + 2, : -(-size[1] // across) + 2].astype(np.float32)
        x, y = across * (x - 0.5) - 0.5, COARSE * (y - 0.5) - 0.5
        self._still = np.stack([x, y], axis=-1).astype(np.float32)
        values = fields(x + np.float32(origin[1]), y + np.float32(origin[0])).astype(np.float32)
        self._fields = values.reshape(len(values), -1)
        self._fine = np.empty((BAND + 2 * COARSE, across * x.shape[1], 2), np.float32)

    def bands(self, weights: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield where each pixel is taken from, for one weight of each field, in bands of rows.

        A band's maps and pixels fit into the processor's cache; those of a whole frame do not.

        Yields:
            The rows, and float32 rows x W x 2, which is valid until the next band.
        """
        moved = self._still - (weights.astype(np.float32) @ self._fields).reshape(self._still.shape)
        for first in range(0, self._size[0], BAND):
            last = min(first + BAND, self._size[0])
            coarse = moved[first // COARSE : -(-last // COARSE) + 2]
            fine = self._fine[: COARSE * len(coarse)]
            cv2.resize(coarse, fine.shape[1::-1], fine, interpolation=cv2.INTER_LINEAR)
            yield slice(first, last), fine[COARSE : COARSE + last - first, self._across : self._across + self._size[1]]


class MovingLayer:
    """A layer that is moved by a displacement.

    Args:
        layers: One layer, or several of the same size to choose from at each frame.
        top, left: Its place in the frame, in pixels; it may reach out of the frame.
        frame: (height, width) of the frame.
        fields: The displacement's fields, in the layer's coordinates.
    """

    def __init__(self, layers: list[np.ndarray], top: int, left: int, frame: tuple[int, int], fields: Fields) -> None:
        inside, self.place = _clip(layers[0], top, left, frame)
        self._layers = [np.ascontiguousarray(each[inside]) for each in layers]
        self._displacement = Displacement(fields, self._layers[0].shape[:2], (inside[0].start, inside[1].start))
        # Fresh memory costs page faults.
        self._moved, self._through = (np.empty((BAND, *self._layers[0].shape[1:]), np.uint8) for _ in range(2))

    def draw(self, canvas: np.ndarray, weights: np.ndarray, choice: int = 0) -> None:
        """Lay the layer over the frame `canvas`, uint8 H x W x 4, in place."""
        part = canvas[self.place]
        for rows, where in self._displacement.bands(weights):
            moved, through = self._moved[: len(where)], self._through[: len(where)]
            cv2.remap(self._layers[choice], where, NO_MAP, cv2.INTER_LINEAR, moved, borderMode=cv2.BORDER_REPLICATE)
            _lay(part[rows], moved, _through(moved, through))


def _clip(
    layer: np.ndarray, top: int, left: int, frame: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of the layer that is in the frame, at least one pixel, and its place there."""
    inside, place = [], []
    for first, length, whole in zip((top, left), layer.shape, frame):
        begin, end = max(-first, 0), min(length, whole - first)
        begin = min(begin, end - 1) if end > 0 else 0
        inside.append(slice(begin, max(end, 1)))
        place.append(slice(first + begin, first + max(end, 1)))
    return tuple(inside), tuple(place)


def _through(layer: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The layer's transparency in each of four channels."""
    return cv2.merge([cv2.extractChannel(layer, 3)] * 4, out)


def _lay(canvas: np.ndarray, layer: np.ndarray, through: np.ndarray) -> None:
    cv2.multiply(canvas, through, canvas, scale=1 / 255)
    cv2.add(canvas, layer, canvas)
