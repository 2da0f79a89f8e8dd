"""Smooth noise, for drawn surfaces."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def noise(size: int, cells: int, rng: np.random.Generator, octaves: int = 3) -> npt.NDArray[np.float32]:
    """Return smooth value noise: a sum of enlarged random grids, each finer and weaker than the previous one.

    Args:
        size: side of the result in pixels.
        cells: side of the coarsest grid.
        rng: the source of randomness.
        octaves: number of grids; each has twice the cells and half the weight of the previous one.

    Returns:
        float32, size x size, scaled to 0..1.
    """
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        grid = rng.random((cells << octave, cells << octave), np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) / 2**octave
    return (total - total.min()) / np.ptp(total)
