"""The network that finds people, trained by `training.segmentation`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..frames import Image, Plane
from ..networks.runtimes.base import BySize
from ..networks.runtimes.openvino_compile import openvino_compile, openvino_options

if TYPE_CHECKING:
    import openvino

FRAME, PERSON = "frame:0", "person:0"
"""Its input, float32 BGR in [0, 1], 1 x H x W x 3, and its output, the logit of a person, 1 x H x W x 1."""

AREA = 144 * 192
"""About how many pixels the network sees, as in its training."""

STEP = 16
"""The sides of what it sees are multiples of this."""


class PersonSegmenter:
    """Finds the people in an image, on the CPU. Any thread may call it.

    Args:
        file: the network: a frozen TensorFlow graph, as `training.segmentation.export` writes it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._models = BySize(self._compile)
        self._busy = threading.Lock()

    def __call__(self, image: Image) -> Plane:
        """Return the probability of a person: float32 h x w, about AREA pixels in the proportions of `image`.

        Args:
            image: uint8 BGR, H x W x 3, any size.
        """
        height, width = image.shape[:2]
        scale = (AREA / (height * width)) ** 0.5
        size = max(STEP, round(height * scale / STEP) * STEP), max(STEP, round(width * scale / STEP) * STEP)
        seen = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        with self._busy:
            return self._models[size]([seen[np.newaxis]])[0][0, ..., 0].copy()

    def _compile(self, size: tuple[int, int]) -> openvino.CompiledModel:
        shape = [1, *size, 3]

        def build(model: openvino.Model) -> openvino.Model:
            import openvino
            from openvino import opset13 as ops
            from openvino.preprocess import PrePostProcessor

            model.reshape({FRAME: shape})
            person = ops.sigmoid(model.output(PERSON).get_node().input_value(0))
            convert = PrePostProcessor(openvino.Model([ops.result(person)], model.get_parameters(), "person"))  # pyright: ignore[reportGeneralTypeIssues]
            convert.input(0).tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
            convert.input(0).preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
            convert.input(0).model().set_layout(openvino.Layout("NHWC"))
            return convert.build()

        return openvino_compile(self._file, f"person {shape}", build, openvino_options("f32"))
