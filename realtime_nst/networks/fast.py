"""Our own any-style network, trained by realtime_nst.training: real time on two CPU cores, no download."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..frames import Picture, StyleCode
from .devices import cpu_name, tensorflow_gpu
from .runtimes import (
    BySize,
    Stylize,
    openvino_encoder,
    openvino_operations,
    openvino_stylize,
    tensorflow_stylize,
)

STYLE, FRAME, CODE, OUTPUT = "style:0", "frame:0", "code:0", "stylized:0"
"""The tensors that go into the graphs and come out. Pictures are float32 BGR in [0, 1], 1 x H x W x 3."""

STYLE_SIDE = 256
"""Side in pixels of the style picture that the style network is shown."""

STRIDE = 8
"""The transform works at an eighth of the frame's size, so sides must be multiples of it."""

MARGIN = 40
"""Pixels mirrored around the frame, so that the network's own zero padding stays outside the picture."""


WEIGHTS = Path(__file__).with_name("fast_weights")
"""The trained network: encode.pb and transform.pb, frozen TensorFlow graphs with float16 weights."""


class FastNetwork:
    """The network in the package's own files: a style network (`encode`) and a transform.

    A code is 128 float32 numbers. Compiled for each frame size: a new one costs half a second, the last two are kept.
    Codes and frames may be asked for from different threads.
    """

    name = "fast"
    notices: tuple[str, ...] = ()

    def __init__(self, device: str = "cpu", folder: Path = WEIGHTS):
        """Open the weights in `folder` on "cpu" (OpenVINO) or "gpu" (TensorFlow).

        Raises DeviceError where a GPU was asked for and TensorFlow finds none.
        """
        parts = TensorFlowFast if device == "gpu" else OpenVinoFast
        self._parts = parts(folder)
        self.runtime, self.device = self._parts.runtime, self._parts.device
        self._stylize = BySize(lambda size: self._parts.compile(size))

    def encode(self, picture: Picture) -> StyleCode:
        """The code of a style picture of any size: float32, 1-D."""
        square = cv2.resize(picture, (STYLE_SIDE, STYLE_SIDE), interpolation=cv2.INTER_AREA)
        return self._parts.encode(square[np.newaxis].astype(np.float32) / 255)

    def transform(self, picture: Picture, code: StyleCode) -> Picture:
        """`picture` (any size) in the style of `code`: a new uint8 BGR picture of the same size."""
        height, width = picture.shape[:2]
        bottom, right = (MARGIN + -side % STRIDE for side in (height, width))
        padded = cv2.copyMakeBorder(picture, MARGIN, bottom, MARGIN, right, cv2.BORDER_REFLECT_101)
        stylized = self._stylize[padded.shape[:2]](padded, code)
        return np.ascontiguousarray(stylized[MARGIN : MARGIN + height, MARGIN : MARGIN + width])


    def operations(self) -> int | None:
        """Floating-point operations of the transform for a frame of the size compiled last, its margin included."""
        return self._parts.operations(self._stylize.newest)


class OpenVinoFast:
    """The network on the CPU."""

    def __init__(self, folder: Path):
        import openvino

        self.runtime = f"OpenVINO {openvino.__version__.split('-')[0]}"
        self.device = f"CPU ({cpu_name()})"
        self._transform = folder / "transform.pb"
        self.encode = openvino_encoder(folder / "encode.pb", STYLE_SIDE)

    def compile(self, size: tuple[int, int]) -> Stylize:
        return openvino_stylize(
            self._transform, size, FRAME, CODE,
            channels="BGR",
            precision="f32",  # bf16 moves these weights' pixels by 4 of 255 in the mean
        )

    def operations(self, size: tuple[int, int]) -> int:
        return openvino_operations(self._transform, {FRAME: [1, *size, 3]})


class TensorFlowFast:
    """The network on a GPU, or with another `device` wherever TensorFlow can."""

    def __init__(self, folder: Path, device: str = "/GPU:0"):
        import tensorflow as tf

        from ..errors import DeviceError
        from .split import graph_function

        self.runtime = f"TensorFlow {tf.__version__}"
        gpu = tensorflow_gpu()
        if device == "/GPU:0" and gpu is None:
            raise DeviceError("TensorFlow finds no GPU here; use --device cpu")
        self.device = f"GPU ({gpu})" if gpu else f"CPU ({cpu_name()})"
        self._device = device

        def read(name: str):
            return tf.compat.v1.GraphDef.FromString((folder / name).read_bytes())

        self._encode = graph_function(read("encode.pb"), [STYLE], CODE)
        transform = read("transform.pb")
        self._transform = graph_function(transform, [FRAME, CODE], OUTPUT)
        shape = next(node for node in transform.node if f"{node.name}:0" == CODE).attr["shape"].shape
        self._code_shape = tuple(side.size for side in shape.dim)

    def encode(self, style: np.ndarray) -> StyleCode:
        import tensorflow as tf

        with tf.device(self._device):
            return self._encode(tf.constant(style)).numpy().ravel()

    def compile(self, size: tuple[int, int]) -> Stylize:
        return tensorflow_stylize(self._transform, size, self._code_shape, self._device, channels="BGR")

    def operations(self, size: tuple[int, int]) -> None:
        return None
