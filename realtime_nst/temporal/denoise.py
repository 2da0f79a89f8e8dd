"""Noise kept from a network, which would make strokes of it that flicker."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Picture

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
        self._shown: Picture | None = None
        self._noise = least
        self._mixtures = 0

    def __call__(self, picture: Picture) -> Picture:
        """The next frame of the stream with less noise, uint8 BGR of the same size. A frame of another size than the
        one before is the first of a new stream: it stays as it is."""
        before, self._shown = self._shown, picture
        if before is not None and before.shape == picture.shape:
            self._shown = self._mixed(picture, before)
        return self._shown

    def _mixed(self, picture: Picture, before: Picture) -> Picture:
        # All in bytes, though fractions are lost: maps of floats drive the network out of the processor's cache, and
        # a live frame took 5 to 6 % longer instead of 2 to 4 %.
        moved = apart(picture, before)
        if self._mixtures % self._every == 0:
            self._noise = min(max(_noise(picture, moved), self._least), self._most)
        self._mixtures += 1
        mixed = cv2.addWeighted(before, self._memory, picture, 1 - self._memory, 0)
        return cv2.copyTo(picture, (moved > int(SIDE**2 * self._noise)).view(np.uint8), mixed)


def apart(one: Picture, two: Picture) -> np.ndarray:
    """The sum of absolute differences around each pixel, `SIDE` to the square times their mean: uint16 H x W."""
    apart = cv2.cvtColor(cv2.absdiff(one, two), cv2.COLOR_BGR2GRAY)
    return cv2.boxFilter(apart, cv2.CV_16U, (SIDE, SIDE), normalize=False)


def _noise(picture: Picture, moved: np.ndarray) -> float:
    """The mean absolute difference that noise makes at most in a frame, `moved` what it differs from those before."""
    # Where all of a frame moves, even its quietest parts differ from the frame before; but some of them are flat, and
    # differ from their neighbours by noise alone: by 4/3 of what they differ from a mean over time.
    step = min(3, picture.shape[1] - 1)
    flat = _quietest(apart(picture[:, step:], picture[:, : picture.shape[1] - step]))
    # The noisiest parts have more than the quietest.
    return 1.75 * min(_quietest(moved), 0.75 * flat)


def _quietest(apart: np.ndarray) -> float:
    """The mean absolute difference that is not reached by a tenth of the pixels."""
    some = apart[::8, ::8].ravel()
    return float(np.partition(some, some.size // 10)[some.size // 10]) / SIDE**2
