"""The two parts of a split hub module, on each runtime."""

from __future__ import annotations

import json
from pathlib import Path

from ..frames import Image, StyleCode
from .hub_split import STYLE_SIZE, Module, graph_function, style_input
from .runtimes.base import Stylize
from .runtimes.devices import cpu_name
from .runtimes.openvino import openvino_encoder, openvino_stylize
from .runtimes.operations import openvino_operations
from .runtimes.tensorflow import tensorflow_name, tensorflow_stylize


class TensorFlowParts:
    """The parts of a module, run by TensorFlow.

    Args:
        module: the module, split or whole.
        device: TensorFlow's name of the device, such as "/GPU:0" or "/CPU:0".
        device_name: the device in familiar words.
        xla: compile the transform with XLA.
    """

    def __init__(self, module: Module, device: str, device_name: str, xla: bool = False) -> None:
        self.runtime, self.device = tensorflow_name(xla), device_name
        self._module, self._tensorflow_device, self._xla = module, device, xla
        self.frames_in_flight = 0 if device == "/CPU:0" else 1
        self._transform = graph_function(module.transform, [module.frame, module.code], module.output)
        self._encode = graph_function(module.encode, [module.style], module.code) if module.encode else None

    def encode(self, image: Image) -> StyleCode:
        """Return the style code of an image of any size: float32, 1-D."""
        import tensorflow as tf

        style = style_input(image)
        if self._encode is None:
            return style.ravel()
        with tf.device(self._tensorflow_device):
            return self._encode(tf.constant(style)).numpy().ravel()

    def compile(self, size: tuple[int, int]) -> Stylize:
        """Compile the transform for frames of `size` (height, width)."""
        code_shape = self._module.code_shape
        return tensorflow_stylize(self._transform, size, code_shape, self._tensorflow_device, self._xla)

    def operations(self, size: tuple[int, int]) -> int | None:
        """Return None: TensorFlow's operations are not counted."""
        return None


class OpenVinoParts:
    """The parts of a module, run by OpenVINO on a CPU.

    Args:
        folder: what `hub_conversion.converted` returned.
        frames_in_flight: how many more frames may be started before the first one is waited for.
    """

    def __init__(self, folder: Path, frames_in_flight: int = 0) -> None:
        import openvino

        self.frames_in_flight = frames_in_flight
        self.runtime, self.device = f"OpenVINO {openvino_release(openvino.__version__)}", f"CPU ({cpu_name()})"
        names = json.loads((folder / "parts.json").read_text())
        self._frame, self._code, self._code_shape = names["frame"], names["code"], tuple(names["code_shape"])
        self.whole_because: str = names["whole_because"]
        self._transform = folder / "transform.xml"
        self._encoder = None if self.whole_because else openvino_encoder(folder / "encode.xml", STYLE_SIZE)

    def encode(self, image: Image) -> StyleCode:
        """Return the style code of an image of any size: float32, 1-D."""
        style = style_input(image)
        return style.ravel() if self._encoder is None else self._encoder(style)

    def compile(self, size: tuple[int, int], precision: str | None = None) -> Stylize:
        """Compile the transform for frames of `size` (height, width)."""
        return openvino_stylize(
            self._transform,
            size,
            self._frame,
            self._code,
            self._code_shape,
            precision=precision,
            frames_in_flight=self.frames_in_flight,
        )

    def operations(self, size: tuple[int, int]) -> int | None:
        """Return the floating-point operations of the transform for a frame of `size`."""
        return openvino_operations(self._transform, {self._frame: [1, *size, 3], self._code: list(self._code_shape)})


def openvino_release(version: str) -> str:
    """Return the release, 2026.4.1, in OpenVINO's version, 2026.4.1-22982-abc."""
    return version.split("-")[0]
