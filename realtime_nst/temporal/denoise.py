"""Noise kept from a network, which would make strokes of it that flicker."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Image

SIDE = 5
"""Of the square of pixels around each, in which it is asked whether something moves there."""


class TemporalDenoiser:
    """A recursive filter over time that stops where something moves, for one stream's frames in their order.

    Where a pixel's surroundings differ by no more than the noise from what was shown before, `memory` of that stays;
    elsewhere the pixel is the new one (after Dennis, "Nonlinear temporal filter for television picture noise
    reduction", 1980). The noise is measured every `every` frames and taken to be within `least` and `most` levels of
    255, as the mean absolute difference that it makes.
    """

    def __init__(self, memory: float = 0.85, least: float = 2.3, most: float = 9.3, every: int = 8) -> None:
        self._memory, self._least, self._most, self._every = memory, least, most, every
        self._shown: Image | None = None
        self._noise = least
        self._mixtures = 0

    def __call__(self, image: Image) -> Image:
        """The next frame of the stream with less noise, uint8 BGR of the same size. A frame of another size than the
        one before is the first of a new stream: it stays as it is."""
        before, self._shown = self._shown, image
        if before is not None and before.shape == image.shape:
            self._shown = self._mixed(image, before)
        return self._shown

    def _mixed(self, image: Image, before: Image) -> Image:
        # All in bytes, though fractions are lost: maps of floats drive the network out of the processor's cache, and
        # a live frame took 5 to 6 % longer instead of 2 to 4 %.
        moved = abs_difference(image, before)
        if self._mixtures % self._every == 0:
            self._noise = min(max(_noise(image, moved), self._least), self._most)
        self._mixtures += 1
        mixed = cv2.addWeighted(before, self._memory, image, 1 - self._memory, 0)
        return cv2.copyTo(image, (moved > int(SIDE**2 * self._noise)).view(np.uint8), mixed)


def abs_difference(one: Image, two: Image) -> np.ndarray:
    """The sum of absolute differences around each pixel, `SIDE` to the square times their mean: uint16 H x W."""
    abs_difference = cv2.cvtColor(cv2.absdiff(one, two), cv2.COLOR_BGR2GRAY)
    return cv2.boxFilter(abs_difference, cv2.CV_16U, (SIDE, SIDE), normalize=False)


def _noise(image: Image, moved: np.ndarray) -> float:
    """The mean absolute difference that noise makes at most in a frame, `moved` what it differs from those before."""
    # Where all of a frame moves, even its quietest parts differ from the frame before; but some of them are flat, and
    # differ from their neighbours by noise alone: by 4/3 of what they differ from a mean over time.
    step = min(3, image.shape[1] - 1)
    flat = _quietest(abs_difference(image[:, step:], image[:, : image.shape[1] - step]))
    # The noisiest parts have more than the quietest.
    return 1.75 * min(_quietest(moved), 0.75 * flat)


def _quietest(abs_difference: np.ndarray) -> float:
    """The mean absolute difference that is not reached by a tenth of the pixels."""
    some = abs_difference[::8, ::8].ravel()
    return float(np.partition(some, some.size // 10)[some.size // 10]) / SIDE**2
