"""Measures of strokes alone, without colours.

Stroke retrieval: the share of stylized images whose strokes are nearer to those of their own painting than to those of
any other painting of a gallery. Images are converted to grey and their contrast is equalized (CLAHE), so that neither
palette nor tones tell paintings apart. Their Gram matrices, each divided by its norm, are then compared.

Regularity: how strongly a plain part of an image repeats itself. Hatching and lattices do; painted strokes do less.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

STROKE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
"""The VGG-16 layers whose Gram matrices are a stroke signature."""

CLAHE_CLIP, CLAHE_TILES = 2.0, (4, 4)
"""OpenCV's parameters for equalizing the contrast of grey images."""

HIGH_PASS = 8.0
"""Standard deviation, in pixels, of the Gaussian mean that `regularity` subtracts before it looks for repetition."""

LEAST_SHIFT = 6
"""Shifts of fewer pixels are the width of a stroke, not repetition."""


def tone_normalized(image: np.ndarray) -> np.ndarray:
    """Remove an image's colours and tones.

    Args:
        image: uint8 BGR, H x W x 3.

    Returns:
        Its luminance after contrast-limited adaptive histogram equalization (Zuiderveld, 1994), in all three channels:
        uint8, H x W x 3.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    equalized = cv2.createCLAHE(CLAHE_CLIP, CLAHE_TILES).apply(grey)
    return cv2.cvtColor(equalized, cv2.COLOR_GRAY2BGR)


def stroke_signature(image: np.ndarray, features) -> list[np.ndarray]:
    """Compute the stroke signature of an image.

    Args:
        image: uint8 BGR, H x W x 3.
        features: a feature network with STROKE_LAYERS: float32 BGR B x H x W x 3, 0..255, and names of layers
            -> feature maps by name.

    Returns:
        The Gram matrix of each of STROKE_LAYERS divided by its Frobenius norm: float32, N x N.
    """
    from keras import ops

    grey = tone_normalized(image)[np.newaxis].astype(np.float32)
    found = features(ops.convert_to_tensor(grey), STROKE_LAYERS)
    signature = []
    for layer in STROKE_LAYERS:
        maps = ops.convert_to_numpy(ops.cast(found[layer], "float32"))[0]
        flat = maps.reshape(-1, maps.shape[-1])
        gram = flat.T @ flat / len(flat)
        signature.append(gram / max(float(np.linalg.norm(gram)), 1e-12))
    return signature


def signature_distances(signature: Sequence[np.ndarray], gallery: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Compute the distance between the strokes of an image and those of each painting of a gallery.

    Args:
        signature: the image's signature, by layer.
        gallery: the signatures of at least two paintings.

    Returns:
        For each painting, the sum over layers of the squared distance divided by its mean over the gallery: float64,
        (len(gallery),). A layer in which no painting differs from the image is ignored.
    """
    total = np.zeros(len(gallery))
    for layer, own in enumerate(signature):
        squared = np.array([np.sum((own - painting[layer]) ** 2, dtype=np.float64) for painting in gallery])
        mean = squared.mean()
        total += squared / mean if mean > 0 else 0.0
    return total


def stroke_rank(signature: Sequence[np.ndarray], gallery: Sequence[Sequence[np.ndarray]], own: int) -> int:
    """Return how many paintings of `gallery` have strokes at least as near to `signature` as painting `own`: from 1."""
    distances = signature_distances(signature, gallery)
    return int((distances <= distances[own]).sum())


def nearest_painting(signature: Sequence[np.ndarray], gallery: Sequence[Sequence[np.ndarray]]) -> int:
    """Return the index of the painting of `gallery` whose strokes are nearest to `signature`."""
    return int(signature_distances(signature, gallery).argmin())


def regularity(image: np.ndarray) -> float:
    """Measure how strongly a plain part of an image repeats itself.

    Args:
        image: the plain part alone, uint8, H x W or BGR H x W x 3, with sides above 2 * LEAST_SHIFT pixels; 96 x 96
            in our reports.

    Returns:
        The highest local maximum of its autocorrelation at shifts from LEAST_SHIFT pixels to half its sides, divided by
        the value at shift 0: from 0 (nothing repeats, or the image is blank) to 1. First the Gaussian mean of HIGH_PASS
        pixels is subtracted and a Hann window applied.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    grey = grey.astype(np.float64)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), HIGH_PASS, borderType=cv2.BORDER_REFLECT)
    height, width = fine.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    fine = (fine - (fine * window).sum() / window.sum()) * window
    # Padded with zeros: without them the autocorrelation would wrap around.
    spectrum = np.abs(np.fft.rfft2(fine, (2 * height, 2 * width))) ** 2
    correlation = np.fft.irfft2(spectrum, (2 * height, 2 * width))
    at_rest = correlation[0, 0]
    if at_rest <= 1e-9 * fine.size:
        return 0.0
    down, right = (np.minimum(np.arange(2 * side), 2 * side - np.arange(2 * side)) for side in (height, width))
    far = np.hypot(down[:, np.newaxis], right[np.newaxis]) >= LEAST_SHIFT
    near = (down[:, np.newaxis] <= height // 2) & (right[np.newaxis] <= width // 2)
    around = cv2.dilate(np.pad(correlation, 1, mode="wrap"), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    peaks = far & near & (correlation >= around)
    return float(max(correlation[peaks].max(initial=0.0) / at_rest, 0.0))
