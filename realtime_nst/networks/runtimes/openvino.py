"""Networks compiled and run by OpenVINO, on a CPU."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np

from ...frames import Image, StyleCode
from .base import Stylize
from .cache import cache_folder, load, store

Maps = Callable[[Image, StyleCode, Callable[[np.ndarray, np.ndarray], Image]], Callable[[], Image]]
"""For pictures of one size: (uint8 BGR H x W x 3, code, apply); calling what it returns waits for offset in 0..255,
2H x 2W x 3, and gain, H/2 x W/2 x 3, both float32, and gives what `apply` makes of these two, which it is only lent."""


def openvino_options(precision: str | None = None, threads: int | None = None, frames_in_flight: int = 0) -> dict:
    """Options for `compile_model`: the answer to one frame soonest, or as many frames at once as are begun `ahead`.

    `precision` is "f32", "bf16" or "f16"; None leaves it to OpenVINO, which takes bf16 where the processor
    computes with it. `threads` None: all cores.
    """
    # All cores: the network takes over nine tenths of a frame's processor time at 640x480. Beside it decoding a
    # camera's JPEG takes 0.7 ms and OpenCV's resizes and products under one, with one OpenCV thread or two, so their
    # number is left as it is; see `process` for how they wait. OpenVINO's threads tied to cores or not: no difference
    # that held on two busy cores. Cores that share one frame wait for each other: two made 95 frames a second together
    # and 150 with one each.
    options = {"PERFORMANCE_HINT": "LATENCY"}
    if frames_in_flight:
        # One frame more than are worked on waits its turn: what is done to a frame before and after the network takes a
        # core meanwhile, and without it 5 % fewer frames were made.
        options = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": str(max(frames_in_flight - 1, 1))}
    if precision:
        options["INFERENCE_PRECISION_HINT"] = precision
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def openvino_compile(file: Path, recipe: str, build: Callable, options: dict):
    """Compile the model in `file` for the CPU, changed by `build`; taken from the cache where that was done before.

    recipe: all that `build` depends on, in words. build: `ov.Model` -> `ov.Model`. A compiled model from the
    cache opens in a third of the time; at most 24 are kept. Raises RuntimeError where OpenVINO cannot run it.

    Not OpenVINO's own cache: it needs the model read and built to find its key, which is most of the work.
    """
    import openvino

    core = openvino.Core()
    parts = [Path(__file__), file, file.with_suffix(".bin")]  # how it is built, the model, its weights
    key = hashlib.sha256(
        json.dumps(
            [
                *(hashlib.sha256(part.read_bytes()).hexdigest() for part in parts if part.is_file()),
                recipe,
                sorted(options.items()),
                openvino.__version__,
                core.get_property("CPU", "FULL_DEVICE_NAME"),
                core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
            ]
        ).encode()
    ).hexdigest()
    kept = cache_folder() / "compiled" / f"{key[:32]}.blob"
    blob = load(kept)
    if blob is not None:
        with contextlib.suppress(RuntimeError):  # OpenVINO will not have it: compiled anew
            return core.import_model(io.BytesIO(blob), "CPU", options)
    compiled = core.compile_model(build(core.read_model(file)), "CPU", options)
    with contextlib.suppress(RuntimeError):  # no export on this processor: compiled at every start
        store(kept, compiled.export_model().getvalue(), most=24)
    return compiled


class Requests:
    """A compiled model at work on one frame, or on as many at once as may be begun `ahead` of the one waited for: that
    is one more, so that no core waits for it. Each is in buffers that are used again and again; a model that works on
    one frame has two, so that one can be taken out while it works on the next.

    inputs, outputs: what of the model goes in and comes out, in this order. May be used by several threads.
    """

    def __init__(self, compiled, inputs: Sequence, outputs: Sequence, frames_in_flight: int) -> None:
        self._at_once = not frames_in_flight
        self._free: SimpleQueue = SimpleQueue()
        for _ in range(max(frames_in_flight, 1) + 1):
            request = compiled.create_infer_request()
            buffers = [[request.get_tensor(port).data for port in ports] for ports in (inputs, outputs)]
            self._free.put((request, *buffers))

    def begin(self, values: Sequence[np.ndarray], take: Callable[..., Image]) -> Callable[[], Image]:
        """Give the model `values`, one for each input; calling what is returned, once, waits for it and gives what
        `take` makes of the outputs, which are overwritten afterwards. A model that works on one frame is waited for
        here. Raises RuntimeError where a value has another shape than its input."""
        request, inputs, outputs = entry = self._free.get()

        def end() -> Image:
            try:
                request.wait()
                return take(*outputs)
            finally:
                give_back()

        def back() -> None:
            request.wait()
            self._free.put(entry)

        # Once: when it is taken out, or when nobody is left who could.
        give_back = weakref.finalize(end, back)
        give_back.atexit = False
        # Copied: OpenVINO's own way to take an array takes longer for a frame of 640x480 than this copy.
        for buffer, value in zip(inputs, values, strict=True):
            if value.shape != buffer.shape:  # NumPy would stretch some
                raise RuntimeError(f"the model takes {buffer.shape}, not {value.shape}")
            buffer[...] = value
        request.start_async()
        if self._at_once:
            request.wait()
        return end


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
    """Compile the model in `file` for frames of `size` (height, width), uint8 BGR in and out.

    It takes float32 RGB in [0, 1] of `layout` ("NHWC" or "NCHW", batch 1) at the input named `frame_input` and a
    code of `code_shape` at `code_input`; its one output is like its frame.
    An output larger than the frame (networks round sizes up) is cropped. Raises RuntimeError where
    OpenVINO cannot run it.
    """
    height, width = size
    shapes = {
        frame_input: [1, height, width, 3] if layout == "NHWC" else [1, 3, height, width],
        code_input: list(code_shape),
    }

    def build(model):
        model.reshape(shapes)
        return _with_pictures(model, frame_input, layout, size)

    options = openvino_options(precision, threads, frames_in_flight)
    compiled = openvino_compile(file, f"pictures {shapes} {layout}", build, options)
    requests = Requests(compiled, (frame_input, code_input), compiled.outputs, frames_in_flight)

    def take(made: np.ndarray) -> Image:
        # Not in the graph: OpenVINO 2026.4 mixes up a network that has its channels turned at both ends.
        return cv2.cvtColor(made[0], cv2.COLOR_RGB2BGR)

    def stylize(image: Image, code: StyleCode) -> Callable[[], Image]:
        return requests.begin((image[np.newaxis], np.reshape(code, code_shape)), take)

    return stylize


def openvino_maps(
    file: Path,
    size: tuple[int, int],
    picture_input: str,
    code_input: str,
    outputs: tuple[str, str],
    *,
    precision: str | None = None,
    frames_in_flight: int = 0,
) -> Maps:
    """Compile the model in `file`, float32 BGR in [0, 1] and a code -> offset and gain, for pictures of `size`.

    precision: "f32" or "bf16"; None: bf16 where the processor computes with it. Raises RuntimeError where OpenVINO
    cannot run it.
    """
    shape = [1, *size, 3]

    def build(model):
        import openvino
        from openvino import opset13 as ops
        from openvino.preprocess import PrePostProcessor

        model.reshape({picture_input: shape})
        offset, gain = (model.output(name).get_node().input_value(0) for name in outputs)
        made = [ops.result(ops.multiply(offset, np.float32(255))), ops.result(gain)]
        model = openvino.Model(made, model.get_parameters(), "maps")
        convert = PrePostProcessor(model)
        image = convert.input(picture_input)
        image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        image.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
        image.model().set_layout(openvino.Layout("NHWC"))
        return convert.build()

    # bf16, 30 % faster, moves pixels of photographs by 0.3 of 255 in the mean. f16, OpenVINO's choice on ARM, has too
    # small a range for the variances of maps.
    precision = precision or ("bf16" if _native_precision() == "bf16" else "f32")
    compiled = openvino_compile(
        file, f"maps {shape}", build, openvino_options(precision, frames_in_flight=frames_in_flight)
    )
    code_shape = tuple(compiled.input(code_input).shape)
    requests = Requests(compiled, (picture_input, code_input), compiled.outputs, frames_in_flight)

    def maps(image: Image, code: StyleCode, apply: Callable) -> Callable[[], Image]:
        return requests.begin(
            (image[np.newaxis], np.reshape(code, code_shape)), lambda offset, gain: apply(offset[0], gain[0])
        )

    return maps


def _native_precision() -> str:
    """What OpenVINO would compute with by itself on this processor: "f32", "bf16" or "f16"."""
    import openvino

    return openvino.Core().get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()


def openvino_encoder(file: Path, side: int = -1) -> Callable[[np.ndarray], StyleCode]:
    """Compile the style network in `file`: float32 1 x side x side x 3 -> its code, float32, 1-D. -1: any height and
    width.

    May be called from several threads. Raises RuntimeError where OpenVINO cannot run it.
    """
    shape = [1, side, side, 3]

    def build(model):
        model.reshape(shape)
        return model

    # A code is made once and used for every frame: full precision costs nothing there.
    compiled = openvino_compile(file, f"style {shape}", build, openvino_options("f32"))
    one = threading.Lock()

    def encode(style: np.ndarray) -> StyleCode:
        with one:
            return compiled([style])[0].copy().ravel()

    return encode


def openvino_operations(file: Path, shapes: dict[str, list[int]]) -> int:
    """Floating-point operations of the model in `file` for inputs of `shapes`: its convolutions and matrix
    products, a multiplication and an addition each; the rest is not counted."""
    import openvino

    model = openvino.Core().read_model(file)
    model.reshape(shapes)
    total = 0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"):
            continue
        weights = node.input(1).get_shape()
        if kind == "MatMul":
            taken = weights[-1 if node.get_attributes()["transpose_b"] else -2]
        elif kind == "ConvolutionBackpropData":
            taken = weights[0] * int(np.prod(weights[2:])) / np.prod(node.get_attributes()["strides"])
        else:
            taken = int(np.prod(weights[2 if kind == "GroupConvolution" else 1 :]))
        total += 2 * int(np.prod(node.output(0).get_shape()) * taken)
    return total


def _with_pictures(model, frame_input: str, layout: str, size: tuple[int, int]):
    """The model with uint8 1 x H x W x 3 in place of float32: BGR at its frame input, RGB at its output."""
    import openvino
    from openvino import opset13 as ops
    from openvino.preprocess import ColorFormat, PrePostProcessor

    height, width = size
    x = model.get_results()[0].input_value(0)
    if layout == "NCHW":
        x = ops.transpose(x, np.array([0, 2, 3, 1])).output(0)
    x = ops.slice(x, [0, 0], [height, width], [1, 1], [1, 2])
    x = ops.round(ops.multiply(ops.clamp(x, 0.0, 1.0), np.float32(255)), "half_to_even")
    model = openvino.Model([ops.result(ops.convert(x, "u8"))], model.get_parameters(), "pictures")

    convert = PrePostProcessor(model)
    frame = convert.input(frame_input)
    frame.tensor().set_element_type(openvino.Type.u8).set_color_format(ColorFormat.BGR)
    frame.tensor().set_layout(openvino.Layout("NHWC"))
    frame.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    frame.preprocess().convert_color(ColorFormat.RGB)
    frame.model().set_layout(openvino.Layout(layout))
    return convert.build()
