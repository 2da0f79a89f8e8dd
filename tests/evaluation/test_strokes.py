"""Measures of strokes: each on images with a known result, retrieval also on real paintings."""

import cv2
import numpy as np
import pytest

from realtime_nst.evaluation.strokes import (
    STROKE_LAYERS,
    nearest_painting,
    regularity,
    signature_distances,
    stroke_signature,
    tone_normalized,
)
from realtime_nst.media.images import read_image
from realtime_nst.nst.vgg import load_features


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)


def test_tones_are_taken_away():
    rng = np.random.default_rng(3)
    image = cv2.GaussianBlur(rng.integers(0, 255, (128, 128, 3), np.uint8), (0, 0), 3)
    bare = tone_normalized(image)
    assert bare.shape == image.shape and bare.dtype == np.uint8
    assert (bare[..., 0] == bare[..., 1]).all() and (bare[..., 0] == bare[..., 2]).all()
    # OpenCV's equalization with a clip limit of 2 on 4 x 4 tiles, not its default of 40 on 8 x 8.
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    assert (bare[..., 0] == cv2.createCLAHE(2.0, (4, 4)).apply(grey)).all()


def test_distances_are_relative_to_the_gallery_in_each_layer():
    gallery = [[np.float32([[0.0]]), np.float32([[10.0]])], [np.float32([[1.0]]), np.float32([[20.0]])]]
    own = [np.float32([[0.0]]), np.float32([[20.0]])]
    # Squares 0 and 1, mean 1/2; 100 and 0, mean 50.
    assert signature_distances(own, gallery) == pytest.approx([0 + 2, 2 + 0])
    assert nearest_painting([np.float32([[0.4]]), np.float32([[11.0]])], gallery) == 0
    assert signature_distances(own, [own, own]) == pytest.approx([0, 0])


def test_retrieval_finds_a_painting_by_its_half_whatever_its_tones(features_file, paintings):
    features = load_features(features_file)
    chosen = [path for path in paintings if path.stem in ("starry", "wave", "mosaic", "udnie")]
    images = [cv2.resize(read_image(path), (256, 256), interpolation=cv2.INTER_AREA) for path in chosen]
    gallery = [stroke_signature(image, features) for image in images]
    assert len(gallery[0]) == len(STROKE_LAYERS)
    for gram in gallery[0]:
        assert np.linalg.norm(gram) == pytest.approx(1, abs=1e-5)
    for number, image in enumerate(images):
        dull = (0.5 * image[:, :128] + 60).astype(np.uint8)
        assert nearest_painting(stroke_signature(dull, features), gallery) == number


def test_hatching_is_regular_and_noise_is_not():
    y, x = np.mgrid[:96, :96]
    hatching = (127 + 100 * np.sin(2 * np.pi * (x + y) / 12)).astype(np.uint8)
    assert regularity(hatching) > 0.8
    assert regularity(noise(96, 96)) < 0.15
    smooth = cv2.GaussianBlur(noise(96, 96), (0, 0), 2)
    assert regularity(smooth) < 0.35
    assert regularity(np.full((96, 96, 3), 90, np.uint8)) == 0
    assert regularity(cv2.cvtColor(hatching, cv2.COLOR_GRAY2BGR)) == pytest.approx(regularity(hatching), abs=0.02)


def test_regularity_is_the_height_of_the_autocorrelations_peak():
    rng = np.random.default_rng(5)
    cell = rng.integers(0, 255, (12, 12), np.uint8)
    repeated = np.tile(cell, (8, 8))
    # Windowed and with zeros around it, a shift of 12 of 96 pixels compares less than everything: about (1 - s)^2 of
    # a Hann window's own correlation.
    window = np.hanning(96)
    own = np.correlate(window, window, "full")[95 + 12] / np.sum(window**2)
    assert regularity(repeated) == pytest.approx(own, abs=0.05)
