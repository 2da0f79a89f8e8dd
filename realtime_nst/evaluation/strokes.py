"""Measures of strokes alone, the colours taken away.

Stroke retrieval: the share of stylized pictures whose strokes are nearer to their own painting's than to those of any
other painting of a gallery. A picture is made grey and its contrast equalized (CLAHE), so that neither palette nor
tones tell paintings apart; what is compared are its Gram matrices, each divided by its norm.

Regularity: how strongly a plain part of a picture repeats itself. Hatching and lattices do, strokes of a painting less.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

STROKE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
"""The VGG-16 layers whose Gram matrices are a stroke signature."""

CLAHE_CLIP, CLAHE_TILES = 2.0, (4, 4)
"""How the contrast of grey pictures is equalized, in OpenCV's terms."""

HIGH_PASS = 8.0
"""Standard deviation in pixels of the Gaussian mean that is taken away before `regularity` looks for repetition."""

LEAST_SHIFT = 6
"""Shifts of fewer pixels are the width of a stroke, not repetition."""


def tone_normalized(image: np.ndarray) -> np.ndarray:
    """Take a picture's colours and tones away.

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
    """Compute the stroke signature of a picture.

    Args:
        image: uint8 BGR, H x W x 3.
        features: A feature extractor that knows STROKE_LAYERS: float32 BGR B x H x W x 3, 0..255, and names of layers
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
    """Compute how far the strokes of a picture are from those of each painting of a gallery.

    Args:
        signature: Of the picture, by layer.
        gallery: The signatures of at least two paintings.

    Returns:
        For each painting the sum over layers of the squared distance, divided by its mean over the gallery:
        float64, (len(gallery),). A layer in which all paintings are the picture's equals counts nothing.
    """
    total = np.zeros(len(gallery))
    for layer, own in enumerate(signature):
        squared = np.array([np.sum((own - painting[layer]) ** 2, dtype=np.float64) for painting in gallery])
        mean = squared.mean()
        total += squared / mean if mean > 0 else 0.0
    return total


def nearest_painting(signature: Sequence[np.ndarray], gallery: Sequence[Sequence[np.ndarray]]) -> int:
    """Return the index of the painting of `gallery` whose strokes are nearest to `signature`."""
    return int(signature_distances(signature, gallery).argmin())


def regularity(image: np.ndarray) -> float:
    """Measure how strongly a plain part of a picture repeats itself.

    Args:
        image: uint8, H x W or BGR H x W x 3, sides of more than 2 * LEAST_SHIFT; the plain part alone, 96 x 96 pixels
            in our reports.

    Returns:
        The highest peak (local maximum) of its autocorrelation at shifts of LEAST_SHIFT pixels and more, as a share of
        that at shift 0, from 0 (nothing repeats, or nothing is there) to 1. The Gaussian mean of HIGH_PASS pixels is
        taken away first and the picture windowed (Hann); shifts of up to half its sides are looked at.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image
    grey = grey.astype(np.float64)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), HIGH_PASS, borderType=cv2.BORDER_REFLECT)
    height, width = fine.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    fine = (fine - (fine * window).sum() / window.sum()) * window
    # Zeros around it: without them one side would be compared with the other.
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
