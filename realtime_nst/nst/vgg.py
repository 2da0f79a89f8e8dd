"""VGG (Simonyan and Zisserman, 2014): the fixed network whose feature maps the losses compare."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from ..errors import ModelError
from .losses import Tensor

BGR_MEAN = (103.939, 116.779, 123.68)
"""ImageNet's mean colour, BGR, 0..255, which VGG expects to be subtracted."""


class Vgg:
    """VGG features of BGR images.

    Args:
        weights: arrays "block1_conv1_kernel" (3 x 3 x in x out) and "block1_conv1_bias", and so on, layers in order.
        precision: the dtype of its computation: "float32"; or "bfloat16" for training, if the processor is faster so.
        pool: "max", as VGG was trained; or "average", which passes the gradient to every pixel, so that images made by
            gradient descent are smoother (Gatys, Ecker and Bethge, 2015).

    Attributes:
        layers: the names of the convolutions, in order.
    """

    def __init__(self, weights: dict[str, np.ndarray], precision: str = "float32", pool: str = "max") -> None:
        self._pool = {"max": ops.max_pool, "average": ops.average_pool}[pool]
        self.layers = [name.removesuffix("_kernel") for name in weights if name.endswith("_kernel")]
        self._precision = precision
        self._weights = {
            name: ops.cast(ops.convert_to_tensor(value.astype("float32")), precision) for name, value in weights.items()
        }

    def blocks(self) -> list[list[str]]:
        """Return the layers by block, in order: the convolutions between two poolings work at one scale."""
        return [list(layers) for _, layers in groupby(self.layers, key=lambda layer: layer.split("_")[0])]

    def __call__(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Compute the feature maps of `layers`, after ReLU.

        Args:
            images: float32 BGR, B x H x W x 3, 0..255.
            layers: names of layers.

        Returns:
            Tensors B x H' x W' x N in the network's precision, by layer name.

        Raises:
            ModelError: if the network has no such layer.
        """
        requested = set(layers)
        unknown = requested - set(self.layers)
        if unknown:
            raise ModelError(f"no layer {sorted(unknown)} in the feature network; it has {self.layers}")
        x = ops.cast(images - ops.convert_to_tensor(np.array(BGR_MEAN, np.float32)), self._precision)
        features = {}
        block = self.layers[0].split("_")[0]
        for layer in self.layers:
            if layer.split("_")[0] != block:
                block = layer.split("_")[0]
                x = self._pool(x, 2, 2, "valid")
            x = ops.conv(x, self._weights[f"{layer}_kernel"], 1, "same")
            x = ops.relu(x + self._weights[f"{layer}_bias"])
            if layer in requested:
                features[layer] = x
                if len(features) == len(requested):
                    break
        return features


def load_features(path: Path | None = None, precision: str = "float32", pool: str = "max") -> Vgg:
    """Load VGG from a file, or Keras's VGG-19.

    Args:
        path: an npz file of arrays "<layer>_kernel" and "<layer>_bias". None: VGG-19 with its ImageNet weights, which
            Keras downloads once (80 MB, with a progress bar).
        precision: see `Vgg`.
        pool: see `Vgg`.

    Raises:
        ModelError: if the file is missing or holds something else, or the weights cannot be downloaded.
    """
    if path is None:
        return _downloaded(precision, pool)
    try:
        with open(path, "rb") as data:
            if not zipfile.is_zipfile(data):
                raise ValueError("it is not a complete npz file")
            data.seek(0)
            with np.load(data) as file:
                weights = {name: file[name] for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"cannot read the feature weights {path}: {getattr(error, 'strerror', None) or error}; give an npz file of "
            "VGG weights (arrays block1_conv1_kernel, block1_conv1_bias, ...)"
        ) from error
    if "block1_conv1_kernel" not in weights:
        raise ModelError(
            f"{path} holds no VGG weights (expected arrays like block1_conv1_kernel and block1_conv1_bias)"
        )
    return Vgg(weights, precision, pool)


def _downloaded(precision: str, pool: str) -> Vgg:
    import keras

    try:
        return from_keras(keras.applications.VGG19(weights="imagenet", include_top=False), precision, pool)
    except Exception as error:  # Keras raises a plain Exception if it cannot download
        raise ModelError(
            f"cannot download the feature weights of VGG-19 ({error}); try again with a connection, "
            "or give a file of VGG weights: --features FILE.npz (arrays block1_conv1_kernel, block1_conv1_bias, ...)"
        ) from error


def from_keras(model: Any, precision: str = "float32", pool: str = "max") -> Vgg:
    """Return the convolutions of a VGG16 or VGG19 of keras.applications."""
    weights = {}
    for layer in model.layers:
        if "_conv" in layer.name:
            weights[f"{layer.name}_kernel"], weights[f"{layer.name}_bias"] = layer.get_weights()
    return Vgg(weights, precision, pool)
