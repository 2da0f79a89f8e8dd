"""A temporal denoiser before the network, which would turn noise into strokes that flicker."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import Image

WINDOW = 5
"""Side, in pixels, of the motion-test window."""


class TemporalDenoiser:
    """A motion-adaptive recursive filter for the frames of one stream, in order.

    Where a pixel's surroundings differ from the previous output by no more than the noise, the output keeps `memory` of
    the previous output; elsewhere it is the new pixel (after Dennis, "Nonlinear temporal filter for television picture
    noise reduction", 1980).

    Args:
        memory: share of the previous output that a static pixel keeps, 0 to 1.
        least: lower bound of the noise estimate: the mean absolute difference that noise causes, in levels of 255.
        most: upper bound of the noise estimate, in the same unit.
        every: number of frames between two estimates.
    """

    def __init__(self, memory: float = 0.85, least: float = 2.3, most: float = 9.3, every: int = 8) -> None:
        self._memory, self._least, self._most, self._every = memory, least, most, every
        self._output: Image | None = None
        self._noise = least
        self._filtered = 0

    def __call__(self, image: Image) -> Image:
        """Return the next frame of the stream with less noise.

        A frame whose size differs from the previous one's starts a new stream and is returned as it is.

        Args:
            image: uint8 BGR, H x W x 3.

        Returns:
            uint8 BGR of the same size.
        """
        previous, self._output = self._output, image
        if previous is not None and previous.shape == image.shape:
            self._output = self._filter(image, previous)
        return self._output

    def _filter(self, image: Image, previous: Image) -> Image:
        # All in bytes, although fractions are lost: float maps evict the network from the processor's cache. With them
        # a live frame took 5 to 6 % longer, with bytes 2 to 4 %.
        difference = abs_difference(image, previous)
        if self._filtered % self._every == 0:
            self._noise = min(max(_estimate_noise(image, difference), self._least), self._most)
        self._filtered += 1
        mixed = cv2.addWeighted(previous, self._memory, image, 1 - self._memory, 0)
        return cv2.copyTo(image, (difference > int(WINDOW**2 * self._noise)).view(np.uint8), mixed)


def abs_difference(image: Image, other: Image) -> npt.NDArray[Any]:
    """Return the sum of absolute luminance differences over the motion-test window around each pixel: uint16 H x W.

    Divided by `WINDOW` squared it is their mean, in levels of 255.
    """
    difference = cv2.cvtColor(cv2.absdiff(image, other), cv2.COLOR_BGR2GRAY)
    return cv2.boxFilter(difference, cv2.CV_16U, (WINDOW, WINDOW), normalize=False)


def _estimate_noise(image: Image, difference: npt.NDArray[Any]) -> float:
    """Estimate the largest mean absolute difference that noise causes between two frames.

    Args:
        image: the new frame.
        difference: its `abs_difference` from the previous one.
    """
    # If the whole frame moves, even its quietest parts differ from the previous frame. But some of them are flat and
    # differ from their neighbours by noise alone, which is 4/3 of their difference from a running mean.
    step = min(3, image.shape[1] - 1)
    spatial = _quiet_level(abs_difference(image[:, step:], image[:, : image.shape[1] - step]))
    # The noisiest parts have more noise than the quietest.
    return 1.75 * min(_quiet_level(difference), 0.75 * spatial)


def _quiet_level(difference: npt.NDArray[Any]) -> float:
    """Return the tenth percentile of the mean absolute difference, from every eighth pixel."""
    sample = difference[::8, ::8].ravel()
    return float(np.partition(sample, sample.size // 10)[sample.size // 10]) / WINDOW**2
