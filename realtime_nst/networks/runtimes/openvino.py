"""Networks as functions, compiled and run by OpenVINO on a CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

from ...frames import Image, StyleCode
from .base import Stylize, check_finite, shaped_code
from .openvino_compile import InferRequests, native_precision, openvino_compile, openvino_options

if TYPE_CHECKING:
    import openvino

ApplyAffine: TypeAlias = Callable[[np.ndarray, np.ndarray], Image]
"""Receives offset (0..255, 2H x 2W x 3) and gain (H/2 x W/2 x 3), float32, which are overwritten later."""

AffineModel: TypeAlias = Callable[[Image, StyleCode, ApplyAffine], Callable[[], Image]]
"""Starts to compute the affine coefficients of a frame of one size (uint8 BGR, H x W x 3) with a style code. Returns a
function that waits for them and returns what the `ApplyAffine` makes of them."""


def openvino_stylize(
    file: Path,
    size: tuple[int, int],
    frame_input: str,
    code_input: str,
    code_shape: tuple[int, ...],
    *,
    layout: str = "NHWC",
    precision: str | None = None,
    threads: int | None = None,
    frames_in_flight: int = 0,
) -> Stylize:
    """Compile a network that outputs the stylized frame.

    Args:
        file: the model. It takes and returns float32 RGB in [0, 1], batch 1. If its output is larger than its input
            (some networks round sizes up), the output is cropped.
        size: (height, width) of the frames.
        frame_input: name of the input that takes the frame.
        code_input: name of the input that takes the code.
        code_shape: shape of that input.
        layout: "NHWC" or "NCHW".
        precision: see `openvino_options`.
        threads: see `openvino_options`.
        frames_in_flight: see `openvino_options`.

    Raises:
        RuntimeError: if OpenVINO cannot run the model.
    """
    height, width = size
    shapes = {
        frame_input: [1, height, width, 3] if layout == "NHWC" else [1, 3, height, width],
        code_input: list(code_shape),
    }

    def build(model: openvino.Model) -> openvino.Model:
        model.reshape(shapes)
        return _with_uint8_frames(model, frame_input, layout, size)

    options = openvino_options(precision, threads, frames_in_flight)
    compiled = openvino_compile(file, f"images {shapes} {layout}", build, options)
    requests = InferRequests(compiled, (frame_input, code_input), compiled.outputs, frames_in_flight)

    def take(output: np.ndarray, mean: np.ndarray) -> Image:
        check_finite(float(mean))
        # Not in the graph: OpenVINO 2026.4 computes a wrong result if channels are reversed at both ends.
        return cv2.cvtColor(output[0], cv2.COLOR_RGB2BGR)

    def stylize(image: Image, code: StyleCode) -> Callable[[], Image]:
        return requests.start((image[np.newaxis], shaped_code(code, code_shape)), take)

    return stylize


def openvino_affine(
    file: Path,
    size: tuple[int, int],
    frame_input: str,
    code_input: str,
    outputs: tuple[str, str],
    *,
    precision: str | None = None,
    frames_in_flight: int = 0,
) -> AffineModel:
    """Compile a network that outputs affine coefficients: stylized = offset + gain * frame.

    Args:
        file: the model. It takes float32 BGR in [0, 1], 1 x H x W x 3, and a code.
        size: (height, width) of its input.
        frame_input: name of the input that takes the frame.
        code_input: name of the input that takes the code.
        outputs: names of the outputs offset and gain.
        precision: "f32" or "bf16". None: bf16 if the processor supports it.
        frames_in_flight: see `openvino_options`.

    Raises:
        RuntimeError: if OpenVINO cannot run the model.
    """
    shape = [1, *size, 3]

    def build(model: openvino.Model) -> openvino.Model:
        import openvino
        from openvino import opset13 as ops
        from openvino.preprocess import PrePostProcessor

        model.reshape({frame_input: shape})
        offset, gain = (model.output(name).get_node().input_value(0) for name in outputs)
        results = [ops.result(ops.multiply(offset, np.float32(255))), ops.result(gain)]
        convert = PrePostProcessor(openvino.Model(results, model.get_parameters(), "affine"))  # pyright: ignore[reportGeneralTypeIssues]
        image = convert.input(frame_input)
        image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        image.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        image.model().set_layout(openvino.Layout("NHWC"))
        return convert.build()

    # bf16 is 30 % faster and changes the pixels of photographs by 0.3 of 255 on average. f16, OpenVINO's choice on ARM,
    # has too small a range for the variances of feature maps.
    precision = precision or ("bf16" if native_precision() == "bf16" else "f32")
    options = openvino_options(precision, frames_in_flight=frames_in_flight)
    compiled = openvino_compile(file, f"affine {shape}", build, options)
    code_shape = tuple(compiled.input(code_input).shape)
    requests = InferRequests(compiled, (frame_input, code_input), compiled.outputs, frames_in_flight)

    def start(image: Image, code: StyleCode, apply: ApplyAffine) -> Callable[[], Image]:
        return requests.start(
            (image[np.newaxis], shaped_code(code, code_shape)), lambda offset, gain: apply(offset[0], gain[0])
        )

    return start


def openvino_encoder(file: Path, side: int = -1) -> Callable[[np.ndarray], StyleCode]:
    """Compile a style network: float32 1 x side x side x 3 -> code, float32, 1-D.

    Args:
        file: the model.
        side: height and width of its input; -1: any height and width.

    Returns:
        The function. Any thread may call it.

    Raises:
        RuntimeError: if OpenVINO cannot run the model.
    """
    shape = [1, side, side, 3]

    def build(model: openvino.Model) -> openvino.Model:
        model.reshape(shape)
        return model

    # Full precision: a code is computed once and used for every frame.
    compiled = openvino_compile(file, f"style {shape}", build, openvino_options("f32"))
    encoding = threading.Lock()

    def encode(style: np.ndarray) -> StyleCode:
        with encoding:
            return compiled([style])[0].copy().ravel()

    return encode


def _with_uint8_frames(model: openvino.Model, frame_input: str, layout: str, size: tuple[int, int]) -> openvino.Model:
    """Replace float32 frames by uint8 1 x H x W x 3: BGR at the frame input, RGB at the output.

    A second output is the mean of the absolute values, which is finite if they are: NaN is lost in uint8.
    """
    import openvino
    from openvino import opset13 as ops
    from openvino.preprocess import ColorFormat, PrePostProcessor

    height, width = size
    x = model.get_results()[0].input_value(0)
    if layout == "NCHW":
        x = ops.transpose(x, np.array([0, 2, 3, 1])).output(0)
    x = ops.slice(x, [0, 0], [height, width], [1, 1], [1, 2])
    mean = ops.reduce_mean(ops.absolute(x), [0, 1, 2, 3])
    x = ops.round(ops.multiply(ops.clamp(x, 0.0, 1.0), np.float32(255)), "half_to_even")
    results = [ops.result(ops.convert(x, "u8")), ops.result(mean)]
    convert = PrePostProcessor(openvino.Model(results, model.get_parameters(), "images"))  # pyright: ignore[reportGeneralTypeIssues]
    frame = convert.input(frame_input)
    frame.tensor().set_element_type(openvino.Type.u8).set_color_format(ColorFormat.BGR)
    frame.tensor().set_layout(openvino.Layout("NHWC"))
    frame.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    frame.preprocess().convert_color(ColorFormat.RGB)
    frame.model().set_layout(openvino.Layout(layout))
    return convert.build()
