"""The fixed network whose feature maps the losses compare: VGG (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from keras import ops

from .errors import ModelError

BGR_MEAN = (103.939, 116.779, 123.68)
"""ImageNet's mean colour in BGR, 0..255, which the VGG weights expect to be taken off."""


class Vgg:
    """VGG features of BGR pictures.

    `weights` maps "block1_conv1_kernel" (3 x 3 x in x out) and "block1_conv1_bias" to arrays,
    layers in order.
    """

    def __init__(self, weights: dict[str, np.ndarray]):
        self.layers = [name.removesuffix("_kernel") for name in weights if name.endswith("_kernel")]
        self._weights = {
            name: ops.convert_to_tensor(value.astype("float32")) for name, value in weights.items()
        }

    def __call__(self, pictures, layers: Iterable[str]):
        """Feature maps after ReLU of `layers`, by name, of float32 BGR pictures B x H x W x 3, 0..255."""
        wanted = set(layers)
        unknown = wanted - set(self.layers)
        if unknown:
            raise ModelError(f"no layer {sorted(unknown)} in the feature network; it has {self.layers}")
        x = pictures - ops.convert_to_tensor(np.float32(BGR_MEAN))
        found = {}
        block = self.layers[0].split("_")[0]
        for layer in self.layers:
            if layer.split("_")[0] != block:
                block = layer.split("_")[0]
                x = ops.max_pool(x, 2, 2, "valid")
            x = ops.conv(x, self._weights[f"{layer}_kernel"], 1, "same")
            x = ops.relu(x + self._weights[f"{layer}_bias"])
            if layer in wanted:
                found[layer] = x
                if len(found) == len(wanted):
                    break
        return found


def load_features(path: Path) -> Vgg:
    """Read VGG weights from an npz file of "<layer>_kernel" and "<layer>_bias" arrays.

    Raises ModelError where the file is missing or holds something else.
    """
    try:
        with np.load(path) as file:
            weights = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read the feature weights {path}: {error}") from error
    if "block1_conv1_kernel" not in weights:
        raise ModelError(
            f"{path} holds no VGG weights (expected arrays like block1_conv1_kernel and block1_conv1_bias)"
        )
    return Vgg(weights)
