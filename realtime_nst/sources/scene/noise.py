"""Fractal value noise at any coordinates: what clouds, bark, cloth and skin are textured with."""

from __future__ import annotations

import cv2
import numpy as np

CELLS = 64
"""Side of the random lattice, in cells; the noise repeats after that many."""
SAMPLES = 4
"""Samples per cell of the stored tile."""


class Noise:
    """Smooth periodic noise, sampled at arbitrary coordinates."""

    def __init__(self, rng: np.random.Generator) -> None:
        lattice = rng.random((CELLS, CELLS), np.float32)
        padded = np.pad(lattice, 4, mode="wrap")
        side = (CELLS + 8) * SAMPLES
        tile = cv2.resize(padded, (side, side), interpolation=cv2.INTER_CUBIC)
        self._tile = np.ascontiguousarray(tile[4 * SAMPLES : -4 * SAMPLES, 4 * SAMPLES : -4 * SAMPLES])

    def __call__(
        self, x: np.ndarray, y: np.ndarray, octaves: int = 4, gain: float = 0.5, pixel: float = 0.0
    ) -> np.ndarray:
        """Sum `octaves` octaves of noise.

        Args:
            x, y: float32 coordinates of one shape, in cells of the first octave.
            octaves: Number of octaves; each halves the cells.
            gain: Amplitude of an octave relative to the one before.
            pixel: Side of an output pixel in cells. Octaves finer than two pixels are left out, because they alias.

        Returns:
            float32 of the same shape, about 0..1 with mean 0.5.
        """
        total = np.full(x.shape, 0.5, np.float32)
        amplitude, weight = 1.0, 0.0
        for octave in range(octaves):
            scale = 2.0**octave
            weight += amplitude**2
            if octave == 0 or pixel * scale < 0.5:
                shift = 17.31 * octave
                sample = cv2.remap(
                    self._tile,
                    (x * (scale * SAMPLES) + shift * SAMPLES).astype(np.float32),
                    (y * (scale * SAMPLES) + 1.7 * shift * SAMPLES).astype(np.float32),
                    cv2.INTER_LINEAR,
                    borderMode=cv2.BORDER_WRAP,
                )
                total += amplitude * (sample - 0.5)
            amplitude *= gain
        return (total - 0.5) / np.float32(weight**0.5) + 0.5
