"""Masks of people: fitted to the outlines of a frame, and what is put together along them."""

import cv2
import numpy as np

from realtime_nst.regions.mask import composite, refine


def test_a_coarse_mask_is_fitted_to_outlines():
    """A disc against a brighter ground, known to a sixth of its resolution only."""
    y, x = np.mgrid[:240, :320]
    disc = (np.hypot(x - 150, y - 120) < 70).astype(np.float32)
    image = np.repeat((60 + 130 * (1 - disc)).astype(np.uint8)[..., None], 3, 2)
    coarse = cv2.resize(cv2.resize(disc, (54, 40), interpolation=cv2.INTER_AREA), (160, 120))
    enlarged = cv2.resize(coarse, (320, 240))
    assert np.abs(refine(coarse, image) - disc).mean() < 0.5 * np.abs(enlarged - disc).mean()


def test_a_composite_is_exact_where_the_mask_is_whole():
    image = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    mask = np.zeros(image.shape[:2], np.float32)
    mask[:, 32:] = 1
    other = 255 - image
    joined = composite(image, other, mask)
    assert np.abs(joined[:, 32:].astype(int) - image[:, 32:]).max() <= 1
    assert np.abs(joined[:, :32].astype(int) - other[:, :32]).max() <= 1
