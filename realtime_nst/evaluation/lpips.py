"""LPIPS: how different two images look, by learned weights on features of AlexNet (Zhang et al., "The Unreasonable
Effectiveness of Deep Features as a Perceptual Metric", 2018)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from ..errors import ModelError

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Mean and scale by which RGB in -1..1 is normalized before the first convolution."""

CONVOLUTIONS = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))
"""Stride and padding of AlexNet's five convolutions."""

POOLED_AFTER = (0, 1)
"""The convolutions whose maps are pooled (3 x 3, stride 2) before the next one."""

LEAST_SIDE = 64
"""Smallest accepted side in pixels: below about that size some feature maps are empty."""


class Lpips:
    """The LPIPS distance of AlexNet.

    Args:
        file: an npz file of the arrays conv1_kernel ... conv5_kernel (H x W x in x out), conv1_bias ... conv5_bias
            and lin1 ... lin5.

    Raises:
        ModelError: if the file is missing or holds something else.
    """

    def __init__(self, file: Path):
        from keras import ops

        arrays = _read(file)
        self._kernels, self._biases, self._weights = (
            [ops.convert_to_tensor(arrays[name.format(number)]) for number in range(1, 6)] for name in _NAMES
        )

    def __call__(self, first: np.ndarray, second: np.ndarray) -> float:
        """Compute the distance between two uint8 BGR images of the same size, H x W x 3: 0 if they are equal.

        Raises:
            ValueError: if their shapes differ or a side has fewer than LEAST_SIDE pixels.
        """
        if first.shape != second.shape:
            raise ValueError(f"LPIPS compares pictures of one size, not {first.shape} and {second.shape}")
        if min(first.shape[:2]) < LEAST_SIDE:
            raise ValueError(f"LPIPS needs pictures of {LEAST_SIDE} pixels and more a side, not {first.shape[:2]}")
        from keras import ops

        total = 0.0
        for maps, weights in zip(self._maps(np.stack([first, second])), self._weights):
            norm = ops.sqrt(ops.sum(ops.square(maps), axis=-1, keepdims=True))
            maps = maps / (norm + 1e-10)
            squared = ops.square(maps[0] - maps[1]) * ops.reshape(weights, (-1,))
            total += float(ops.convert_to_numpy(ops.mean(ops.sum(squared, axis=-1))))
        return total

    def _maps(self, images: np.ndarray) -> list:
        """Return the feature maps after each ReLU."""
        from keras import ops

        rgb = images[..., ::-1].astype(np.float32) / 127.5 - 1
        x = ops.convert_to_tensor((rgb - np.array(SHIFT, np.float32)) / np.array(SCALE, np.float32))
        found = []
        for number, (stride, padding) in enumerate(CONVOLUTIONS):
            border = (padding, padding)
            x = ops.conv(ops.pad(x, ((0, 0), border, border, (0, 0))), self._kernels[number], stride, "valid")
            x = ops.relu(x + self._biases[number])
            found.append(x)
            if number in POOLED_AFTER:
                x = ops.max_pool(x, 3, 2, "valid")
        return found


_NAMES = ("conv{}_kernel", "conv{}_bias", "lin{}")


def _read(file: Path) -> dict[str, np.ndarray]:
    names = [name.format(number) for name in _NAMES for number in range(1, 6)]
    try:
        with np.load(file) as arrays:
            if missing := [name for name in names if name not in arrays.files]:
                raise ValueError(f"it has no {', '.join(missing)}")
            return {name: arrays[name].astype(np.float32) for name in names}
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"cannot read the LPIPS weights {file}: {getattr(error, 'strerror', None) or error}; give an npz file of "
            "AlexNet's convolutions and LPIPS weights (arrays conv1_kernel, conv1_bias, lin1, ...)"
        ) from error
