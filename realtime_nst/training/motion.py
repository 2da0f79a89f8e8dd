"""Random motion for the temporal loss: moves a frame and its stylized version alike."""

from __future__ import annotations

import cv2
import numpy as np
from keras import ops


def random_flow(count: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return random motions of squares of `side` pixels: each pixel's source, float32 B x side x side x 2 (x, y).

    Each combines shift, zoom, rotation and an elastic part, like the motion of a hand, head or camera between frames.
    """
    centred = np.stack(np.meshgrid(*[np.arange(side, dtype=np.float32)] * 2), axis=-1) - (side - 1) / 2
    flows = np.empty((count, side, side, 2), np.float32)
    for flow in flows:
        angle, zoom = rng.normal(0, 0.03), np.exp(rng.normal(0, 0.03))
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        coarse = rng.normal(0, 1.5, (5, 5, 2)).astype(np.float32)
        elastic = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        flow[:] = centred @ turn.T.astype(np.float32) + rng.normal(0, 4, 2) + elastic + (side - 1) / 2
    return flows


def inside(flow: np.ndarray) -> np.ndarray:
    """Return 1 where `flow` (B x H x W x 2) points into the image, 0 elsewhere: float32 B x H x W x 1."""
    height, width = flow.shape[1:3]
    x, y = flow[..., 0], flow[..., 1]
    return ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).astype(np.float32)[..., np.newaxis]


def warp(pictures, flow):
    """Warp tensors B x H x W x C along `flow`, bilinear with reflected borders; differentiable in `pictures`."""
    batch, height, width, channels = ops.shape(pictures)
    flat = ops.reshape(pictures, (batch * height * width, channels))
    first = ops.reshape(ops.arange(batch, dtype="int32") * height * width, (batch, 1, 1))
    x, y = (_mirrored(flow[..., axis], side) for axis, side in enumerate((width, height)))
    left, top = ops.clip(ops.floor(x), 0, width - 2), ops.clip(ops.floor(y), 0, height - 2)

    def at(row, column):
        return ops.take(flat, first + ops.cast(row * width + column, "int32"), axis=0)

    right_share, below_share = ops.expand_dims(x - left, -1), ops.expand_dims(y - top, -1)
    above = at(top, left) * (1 - right_share) + at(top, left + 1) * right_share
    below = at(top + 1, left) * (1 - right_share) + at(top + 1, left + 1) * right_share
    return above * (1 - below_share) + below * below_share


def _mirrored(place, side: int):
    """Places along a line of `side` pixels, those up to `side` - 1 beyond its ends mirrored at them."""
    return ops.clip((side - 1) - ops.abs((side - 1) - ops.abs(place)), 0, side - 1)
