"""Film grain: noise that is another one in each frame."""

from __future__ import annotations

import cv2
import numpy as np

SHIFTS = 64
"""The grain of a frame is taken from this many places in each direction."""


class Grain:
    """Grain for frames of height x width pixels, with a standard deviation of `deviation` levels of 255."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, deviation: float) -> None:
        size = (height + SHIFTS, width + SHIFTS)
        # Mostly the same in the three colours.
        grain = (rng.normal(0, 1, (*size, 1)) + 0.3 * rng.normal(0, 1, (*size, 3))).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), 0.6)
        grain *= deviation / grain.std()
        self._lighter, self._darker = (np.rint(np.clip(sign * grain, 0, 255)).astype(np.uint8) for sign in (1, -1))

    def add(self, image: np.ndarray, time: float) -> np.ndarray:
        """The image, uint8 BGR, with the grain that it has at `time` seconds."""
        top, left = np.random.default_rng(round(time * 1000)).integers(0, SHIFTS, 2)
        part = (slice(top, top + image.shape[0]), slice(left, left + image.shape[1]))
        return cv2.subtract(cv2.add(image, self._lighter[part]), self._darker[part])
