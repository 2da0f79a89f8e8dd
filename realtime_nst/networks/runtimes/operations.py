"""How many floating-point operations a network takes, for the speed figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .devices import openvino_core


def openvino_operations(file: Path, shapes: dict[str, list[int]]) -> int:
    """Count the floating-point operations of a model's convolutions and matrix products; the rest is not counted.

    A multiplication and an addition count as two.

    Args:
        file: the model, in a format that OpenVINO reads.
        shapes: the shapes of its inputs, by name.
    """
    model = openvino_core().read_model(file)
    model.reshape(shapes)
    total = 0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"):
            continue
        weights = node.input(1).get_shape()
        if kind == "MatMul":
            products = weights[-1 if node.get_attributes()["transpose_b"] else -2]
        elif kind == "ConvolutionBackpropData":
            products = weights[0] * int(np.prod(weights[2:])) / np.prod(node.get_attributes()["strides"])
        else:
            products = int(np.prod(weights[2 if kind == "GroupConvolution" else 1 :]))
        total += 2 * int(np.prod(node.output(0).get_shape()) * products)
    return total
