"""Losses on strokes alone, and on light and dark, in addition to those in `losses`; in Keras 3 ops, differentiable.

Strokes are compared without colours and tones, as `evaluation.strokes` measures them: on grey copies with equalized
contrast, by Gram matrices of norm 1. So the right palette alone cannot make the loss small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

LEVELS = 256
SMOOTHING = 4.0
"""Standard deviation, in grey levels, of the smoothing of tone curves: the curve of a tile of a few thousand pixels has
steps, and without smoothing their slopes would be the gradient."""

BGR_LUMINANCE = (0.114, 0.587, 0.299)
"""Luminance weights of BGR: ITU-R BT.601, as in OpenCV."""

STRUCTURE_CELL = 8
"""Side, in pixels, of the cells whose means `structure_loss` compares: a face spans a few, a stroke less than one."""


def luminance(images):
    """Return the luminance of BGR images: B x H x W x 3 -> B x H x W, in the same range."""
    return ops.sum(images * ops.convert_to_tensor(np.array(BGR_LUMINANCE, np.float32)), axis=-1)


def equalize(grey: Any, clip: float = 2.0, tiles: int = 4) -> Any:
    """Equalize the histogram adaptively with limited contrast (CLAHE), as OpenCV does, but differentiably.

    The gradient treats the tone curves as constant: it is the slope of its tone curve at each pixel.

    Args:
        grey: float32 B x H x W, 0..255; H and W are static, and multiples of `tiles`.
        clip: limit of a histogram's counts, as a multiple of their mean.
        tiles: number of tiles per side; each has a histogram of its own.

    Returns:
        float32 B x H x W, about 0..255.
    """
    batch, height, width = grey.shape
    curves = ops.reshape(ops.stop_gradient(_curves(grey, clip, tiles)), (-1,))
    value = ops.clip(grey, 0.0, LEVELS - 1.001)
    level = ops.stop_gradient(ops.floor(value))
    share = value - level
    level = ops.cast(level, "int32")
    first = np.arange(batch, dtype=np.int32)[:, None, None] * tiles * tiles
    result = 0.0
    for rows, row_shares in _neighbours(height, tiles):
        for columns, column_shares in _neighbours(width, tiles):
            tile = (first + rows[:, None] * tiles + columns[None]) * LEVELS
            place = ops.convert_to_tensor(tile.astype(np.int32)) + level
            low, high = ops.take(curves, place), ops.take(curves, place + 1)
            weight = ops.convert_to_tensor((row_shares[:, None] * column_shares[None]).astype(np.float32))
            result = result + (low + (high - low) * share) * weight
    return result


def _curves(grey, clip: float, tiles: int):
    """Return the tone curve of each tile: (B * tiles^2) x LEVELS, 0..255."""
    batch, height, width = grey.shape
    area = (height // tiles) * (width // tiles)
    rows, columns = (np.arange(side) * tiles // side for side in (height, width))
    tile = np.arange(batch)[:, None, None] * tiles * tiles + rows[:, None] * tiles + columns[None]
    level = ops.cast(ops.clip(ops.round(grey), 0, LEVELS - 1), "int32")
    place = ops.reshape(ops.convert_to_tensor((tile * LEVELS).astype(np.int32)) + level, (-1,))
    ones = ops.ones((batch * height * width,), "float32")
    counts = ops.reshape(ops.segment_sum(ones, place, batch * tiles * tiles * LEVELS), (-1, LEVELS))
    limit = float(max(1, int(clip * area / LEVELS)))
    excess = ops.sum(ops.maximum(counts - limit, 0.0), axis=1, keepdims=True)
    counts = ops.minimum(counts, limit) + excess / LEVELS
    # Cumulated, then smoothed: one product with a constant matrix.
    return ops.matmul(counts, ops.convert_to_tensor(_summing() * np.float32((LEVELS - 1) / area)))


def _summing() -> np.ndarray:
    """Return the LEVELS x LEVELS matrix from histograms to smooth tone curves, extrapolated linearly at both ends."""
    reach = round(3 * SMOOTHING)
    steps = np.arange(-reach, reach + 1)
    kernel = np.exp(-(steps**2) / (2 * SMOOTHING**2))
    kernel /= kernel.sum()
    smooth = np.zeros((LEVELS, LEVELS))
    for level in range(LEVELS):
        for step, weight in zip(steps, kernel):
            source = level + step
            if source < 0:
                smooth[0, level] += 2 * weight
                smooth[-source, level] -= weight
            elif source >= LEVELS:
                smooth[LEVELS - 1, level] += 2 * weight
                smooth[2 * (LEVELS - 1) - source, level] -= weight
            else:
                smooth[source, level] += weight
    return (np.triu(np.ones((LEVELS, LEVELS))) @ smooth).astype(np.float32)


def _neighbours(side: int, tiles: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the tiles whose centres lie before and after each pixel of a line, and the weight of each."""
    position = (np.arange(side) + 0.5) * tiles / side - 0.5
    lower = np.floor(position)
    share = position - lower
    one, two = (np.clip(lower + step, 0, tiles - 1).astype(np.int64) for step in (0, 1))
    return [(one, 1 - share), (two, share)]


def stroke_distance(style_gram, generated_gram):
    """Return ||A/||A|| - G/||G||||^2 of Gram matrices B x N x N, 0 to 2, independent of contrast: shape (B,)."""
    one, two = (
        gram / ops.sqrt(ops.sum(ops.square(gram), axis=(1, 2), keepdims=True) + 1e-12)
        for gram in (style_gram, generated_gram)
    )
    return ops.sum(ops.square(one - two), axis=(1, 2))


def structure_loss(content, generated):
    """Return 1 - the correlation of the mean luminances of STRUCTURE_CELL-pixel cells, so that light and dark stay.

    Args:
        content: BGR images, B x H x W x 3, 0..255.
        generated: their stylized versions, likewise.

    Returns:
        0 to 2, shape (B,).
    """

    def standardized(images):
        grey = ops.average_pool(ops.expand_dims(luminance(images), -1), STRUCTURE_CELL, STRUCTURE_CELL, "valid")
        centred = grey - ops.mean(grey, axis=(1, 2), keepdims=True)
        return centred / (ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2), keepdims=True) + 1e-6) + 8.0)

    return 1.0 - ops.mean(standardized(content) * standardized(generated), axis=(1, 2, 3))
