"""The teacher: MediaPipe's selfie segmentation model (Apache-2.0), run by OpenVINO.

The file `selfie_segmentation.tflite` is in the npm package `@mediapipe/selfie_segmentation`. Its last layer, a
transposed convolution with a bias, is an operation of MediaPipe's own that no other runtime knows: we cut it off and
compute it here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from realtime_nst.errors import ModelError
from realtime_nst.frames import Image

SIDE = 256
"""Height and width that the teacher sees."""

FACE_SIDE = 128
"""Height and width that the face detector sees."""

LAST = b"Convolution2DTransposeBias"
"""Name of the operation that is cut off."""


def open_teacher(file: Path) -> Callable[[Image], np.ndarray]:
    """Return a function: image, uint8 BGR, any size -> probability of a person, float32, SIDE x SIDE.

    Raises:
        ModelError: if the file is not that model.
    """
    import openvino

    model, weights, bias = _without_last_layer(file.read_bytes())
    core = openvino.Core()
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "cut.tflite"  # OpenVINO reads this format from files only
        cut.write_bytes(model)
        compiled = core.compile_model(core.read_model(cut), "CPU")

    def mask(image: Image) -> np.ndarray:
        small = cv2.cvtColor(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        maps = compiled([small[np.newaxis].astype(np.float32) / 255])[0][0]
        # Kernel and stride are both 2: each position makes four pixels of its own.
        logits = np.einsum("hwi,yxi->hywx", maps, weights).reshape(SIDE, SIDE) + bias
        return (0.5 * (1 + np.tanh(0.5 * logits))).astype(np.float32)

    return mask


def open_face_detector(file: Path) -> Callable[[Image], float]:
    """Return a function: image, uint8 BGR, any size -> the largest score of a face in it, 0..1.

    Args:
        file: MediaPipe's `face_detection_short_range.tflite` (Apache-2.0), from the npm package
            `@mediapipe/face_detection`.
    """
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(file), "CPU")

    def score(image: Image) -> float:
        small = cv2.resize(image, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
        seen = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)[np.newaxis].astype(np.float32) / 127.5 - 1
        return float(0.5 * (1 + np.tanh(0.5 * compiled([seen])["classificators"].max())))

    return score


def _without_last_layer(data: bytes) -> tuple[bytes, np.ndarray, float]:
    """Return the model without its last layer and that layer's kernel (2 x 2 x N) and bias."""
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    codes = [model.operatorCodes[operator.opcodeIndex].customCode for operator in graph.operators]
    if codes.count(LAST) != 1:
        raise ModelError("the teacher is not MediaPipe's selfie segmentation; give its selfie_segmentation.tflite")
    place = codes.index(LAST)
    features, *parameters = graph.operators[place].inputs
    # Weights are stored as float16; operations before this one make them float32.
    stored = {output: operator.inputs[0] for operator in graph.operators[:place] for output in operator.outputs}
    kernel, bias = (
        np.frombuffer(bytes(model.buffers[graph.tensors[stored[index]].buffer].data), np.float16).astype(np.float32)
        for index in parameters
    )
    graph.outputs, graph.operators, model.signatureDefs = [features], graph.operators[:place], None
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), kernel.reshape(2, 2, -1), float(bias[0])
