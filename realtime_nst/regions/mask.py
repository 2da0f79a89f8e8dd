"""From a coarse probability of a person to a soft mask that follows outlines of the frame."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Image, Plane

WINDOW = 7
"""Side, in pixels of the coarse mask, of the windows in which it is fitted to the frame's brightness."""

SMOOTHNESS = 4e-4
"""Variance of brightness (0..1) below which a window counts as flat, and the mask stays smooth in it."""

OUTWARDS = (0.2, 0.7)
"""Values of the fitted mask that become 0 and 1: most of the soft edge lies outside of the person, because a rim of the
wrong style shows more on a face than on the wall behind it."""


def refine(probability: Plane, image: Image) -> Plane:
    """Fit a coarse mask to the outlines in an image, by the guided filter.

    He, Sun and Tang, "Guided Image Filtering", 2013, in its fast form (He and Sun, "Fast Guided Filter", 2015): in
    every window the mask is an affine function of the image's brightness; the coefficients are found at the size of the
    mask and enlarged.

    Args:
        probability: float32 h x w, 0..1.
        image: uint8 BGR, H x W x 3.

    Returns:
        float32 H x W, 0..1.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) * np.float32(1 / 255)
    height, width = probability.shape
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)

    def mean(plane: Plane) -> Plane:
        return cv2.blur(plane, (WINDOW, WINDOW))

    mean_grey, mean_mask = mean(small), mean(probability)
    variance = mean(small * small) - mean_grey * mean_grey
    covariance = mean(small * probability) - mean_grey * mean_mask
    slope = covariance / (variance + np.float32(SMOOTHNESS))
    level = mean_mask - slope * mean_grey
    size = image.shape[1::-1]
    slope, level = (cv2.resize(mean(plane), size, interpolation=cv2.INTER_LINEAR) for plane in (slope, level))
    mask = cv2.add(cv2.multiply(slope, grey, slope), level, level)
    low, high = OUTWARDS
    scaled = cv2.addWeighted(mask, 1 / (high - low), mask, 0, -low / (high - low), mask)
    return np.clip(scaled, 0, 1, out=scaled)


def composite(inside: Image, outside: Image, mask: Plane) -> Image:
    """Return `inside` where the mask is 1 and `outside` where it is 0; all of one size, uint8 BGR."""
    return cv2.blendLinear(inside, outside, mask, 1 - mask)
