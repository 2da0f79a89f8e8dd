"""Smooth noise, what drawn surfaces are made lively with."""

from __future__ import annotations

import cv2
import numpy as np


def noise(size: int, cells: int, rng: np.random.Generator, octaves: int = 3) -> np.ndarray:
    """Smooth noise, float32 size x size in 0..1: random grids of `cells`, 2 x `cells`, ... enlarged and added."""
    total = sum(
        cv2.resize(rng.random((cells << o, cells << o), np.float32), (size, size), interpolation=cv2.INTER_CUBIC) / 2**o
        for o in range(octaves)
    )
    return (total - total.min()) / np.ptp(total)
