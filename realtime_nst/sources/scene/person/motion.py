"""How the person moves: she breathes, sways, turns and tilts her head, and blinks."""

from __future__ import annotations

import cv2
import numpy as np

from ..layers import Fields, MovingLayer, StillLayer, clear
from ..light import smoothstep
from ..noise import Noise
from . import figure

PLACE = 0.13
"""Where the person's middle is, in frame heights to the right of the frame's middle."""
HALF = 1.15
"""Half of the width of what moves, in the figure's units."""
STILL = -1.85
"""Height, in the figure's units, below which nothing moves."""


class Person:
    """The person in a frame of height x width pixels."""

    def __init__(self, noise: Noise, height: int, width: int, samples: int) -> None:
        person = figure.render(noise, height, samples)
        wide = person.layers[0].shape[1]
        left = round(width / 2 + PLACE * height - wide / 2)
        side = round(HALF * figure.UNIT * height)
        rows = slice(0, int((person.y[:, 0] > STILL).sum()))
        columns = slice(max(wide // 2 - side, 0), wide // 2 + side)
        self._moving = MovingLayer(
            [each[rows, columns] for each in person.layers],
            person.top,
            left + columns.start,
            (height, width),
            _motion(person, rows, columns, height),
        )
        still = person.layers[0].copy()
        clear(still[rows, columns])
        first = int(np.flatnonzero((still[..., 3] < 255).any(axis=1))[0])
        self.still = StillLayer(still[first:], person.top + first, left, (height, width))
        """What does not move."""

    def draw(self, canvas: np.ndarray, time: float) -> None:
        """Lay what moves over the frame `canvas`, uint8 H x W x 4."""
        eyelids = int(np.abs(np.array(figure.EYELIDS) - _blink(time)).argmin())
        self._moving.draw(canvas, _pose(time), eyelids)


def _pose(time: float) -> np.ndarray:
    """Weights of the fields of _motion: sway, turn, nod, tilt, breath."""

    def wave(rate: float, phase: float) -> float:
        return float(np.sin(rate * time + phase))

    sway = 0.6 * wave(0.71, 0.0) + 0.4 * wave(1.13, 1.0)
    turn = 0.65 * wave(0.53, 2.0) + 0.35 * wave(1.37, 0.5)
    nod = 0.6 * wave(0.89, 1.5) + 0.4 * wave(1.71, 0.0)
    tilt = 0.7 * wave(0.47, 0.7) + 0.3 * wave(1.01, 2.2)
    return np.array([0.012 * sway, 0.17 * turn, 0.09 * nod, 0.05 * tilt, 0.003 * wave(1.6, 0.0)])


def _blink(time: float) -> float:
    """How far the eyelids are closed, 0..1: a blink of a quarter of a second about every four seconds."""
    turn, within = divmod(time, 3.7)
    start = 1.5 + 1.1 * np.sin(2.4 * turn)
    return float(np.clip(1.6 - abs(within - start) / 0.07, 0, 1))


def _motion(person: figure.Figure, rows: slice, columns: slice, height: int) -> Fields:
    """Displacements of rows x columns of the figure for a unit of sway, turn, nod, tilt and breath.

    A turn moves what is nearer to the viewer farther: parallax by the figure's own depth.
    """
    depth = cv2.GaussianBlur(person.depth[rows, columns], (0, 0), max(0.006 * height, 0.3))
    middle = depth.shape[1] / 2

    def fields(column: np.ndarray, row: np.ndarray) -> np.ndarray:
        near = 0.10 + cv2.remap(depth, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        x = (column - middle) / height
        y = figure.HEAD - (row + person.top) / height
        up = y / figure.UNIT
        # The shoulders keep still where the layer ends.
        free = smoothstep(STILL, -1.0, up) * np.maximum(smoothstep(HALF, 1.05, np.abs(x) / figure.UNIT), up > -0.9)
        head = smoothstep(STILL + 0.1, -0.95, up)
        lever = y + 1.1 * figure.UNIT
        zero = np.zeros_like(near)
        pairs = [(free, zero), (head * near, zero), (zero, head * near), (head * lever, head * x), (zero, free)]
        return height * np.stack([np.stack(pair, axis=-1) for pair in pairs])

    return fields
