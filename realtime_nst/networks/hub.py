"""Magenta's TF Hub module, any style in one network, split so that a style is encoded once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ..errors import DeviceError, ModelError
from ..frames import Image, StyleCode
from .base import Network, enlarged
from .hub_split import STYLE_SIZE, Module, first_line, graph_function, load_module, split, style_input
from .runtimes.base import BySize, Stylize
from .runtimes.cache import cache_folder, filling
from .runtimes.devices import choose_frames_in_flight, cpu_name, tensorflow_gpu
from .runtimes.openvino import openvino_encoder, openvino_operations, openvino_stylize
from .runtimes.precision import half_convolutions
from .runtimes.tensorflow import tensorflow_name, tensorflow_stylize, xla_notices

SMALLEST = 16
"""Side in pixels that the module needs: its convolutions mirror the edges of what they see."""


class HubNetwork(Network):
    """A SavedModel with the interface of google/magenta/arbitrary-image-stylization-v1-256.

    Inputs `placeholder` (picture) and `placeholder_1` (style), output `output_0`: float32 RGB in [0, 1].
    A code is the module's own bottleneck, float32, 100 numbers; where the module cannot be split it is
    the style picture that the module is given, 256 x 256 x 3 numbers.

    Compiled for each frame size: a new one costs about a second, the last two are kept. Codes and frames may be
    asked for from different threads.
    """

    def __init__(
        self,
        folder: str | Path,
        device: str = "cpu",
        name: str = "hub",
        say: Callable[[str], None] = lambda message: None,
        throughput: bool = False,
    ):
        """Open the module in `folder` on "cpu" or "gpu"; `say` is told what takes long.

        With `throughput` a CPU works on several frames at once: more a second, each later.
        Raises ModelError where it is no such module, DeviceError where TensorFlow finds no GPU.
        """
        self.name = name
        folder = Path(folder)
        self._parts, self.notices = (
            _on_gpu(folder) if device == "gpu" else _on_cpu(folder, say, choose_frames_in_flight(throughput))
        )
        self.runtime, self.device = self._parts.runtime, self._parts.device
        self.frames_in_flight = self._parts.frames_in_flight
        self._stylize = BySize(lambda size: self._parts.compile(size))

    def encode(self, image: Image) -> StyleCode:
        """The code of a style picture of any size; its middle square counts. float32, 1-D."""
        return self._parts.encode(image)

    def begin(self, shown: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        height, width = shown.shape[:2]
        below, beside = max(SMALLEST - height, 0), max(SMALLEST - width, 0)
        larger = cv2.copyMakeBorder(shown, 0, below, 0, beside, cv2.BORDER_REPLICATE) if below or beside else shown
        made = self._stylize[larger.shape[:2]](larger, code)
        return lambda: enlarged(np.ascontiguousarray(made()[:height, :width]), image)

    def transform(self, image: Image, code: StyleCode) -> Image:
        """`picture` (any size) in the style of `code`: a new uint8 BGR picture of the same size."""
        return self.begin(image, code, image)()

    def operations(self) -> int | None:
        """Floating-point operations of the transform for a frame of the size compiled last."""
        return self._parts.operations(self._stylize.newest)


def _on_gpu(folder: Path) -> tuple[TensorFlowParts, tuple[str, ...]]:
    gpu = tensorflow_gpu()
    if gpu is None:
        raise DeviceError("TensorFlow finds no GPU here; use --device cpu")
    module = split(load_module(folder))
    slower = xla_notices("/GPU:0")
    module = replace(module, transform=half_convolutions(module.transform))
    parts = TensorFlowParts(module, "/GPU:0", f"GPU ({gpu})", xla=not slower)
    return parts, (*slower, *_notices(folder, module.whole_because))


def _on_cpu(
    folder: Path, say: Callable[[str], None], frames_in_flight: int
) -> tuple[OpenVinoParts | TensorFlowParts, tuple[str, ...]]:
    """OpenVINO from the converted model, made at the first start; TensorFlow where OpenVINO cannot."""
    try:
        parts = OpenVinoParts(converted(folder, say), frames_in_flight)
        return parts, _notices(folder, parts.whole_because)
    except (ImportError, RuntimeError) as reason:
        module = split(load_module(folder))
        parts = TensorFlowParts(module, "/CPU:0", f"CPU ({cpu_name()})")
        slower = f"OpenVINO cannot run {folder}, TensorFlow runs it on the CPU, slower: {first_line(reason)}"
        return parts, (slower, *_notices(folder, module.whole_because))


def _notices(folder: Path, whole_because: str) -> tuple[str, ...]:
    if not whole_because:
        return ()
    return (f"The model {folder} could not be split and runs whole for every frame, slower: {whole_because}.",)


class TensorFlowParts:
    """The module's parts, run by TensorFlow on one device."""

    def __init__(self, module: Module, device: str, device_name: str, xla: bool = False):
        self.runtime, self.device = tensorflow_name(xla), device_name
        self._module, self._tensorflow_device, self._xla = module, device, xla
        self.frames_in_flight = 0 if device == "/CPU:0" else 1
        self._transform = graph_function(module.transform, [module.frame, module.code], module.output)
        self._encode = module.encode and graph_function(module.encode, [module.style], module.code)

    def encode(self, image: Image) -> StyleCode:
        import tensorflow as tf

        style = style_input(image)
        if self._encode is None:
            return style.ravel()
        with tf.device(self._tensorflow_device):
            return self._encode(tf.constant(style)).numpy().ravel()

    def compile(self, size: tuple[int, int]) -> Stylize:
        code_shape = self._module.code_shape
        return tensorflow_stylize(self._transform, size, code_shape, self._tensorflow_device, self._xla)

    def operations(self, size: tuple[int, int]) -> None:
        return None


class OpenVinoParts:
    """The module's parts, run by OpenVINO on the CPU from a folder that `converted` made."""

    def __init__(self, folder: Path, frames_in_flight: int = 0):
        import openvino

        self.frames_in_flight = frames_in_flight
        self.runtime, self.device = f"OpenVINO {_release(openvino.__version__)}", f"CPU ({cpu_name()})"
        names = json.loads((folder / "parts.json").read_text())
        self._frame, self._code, self._code_shape = names["frame"], names["code"], tuple(names["code_shape"])
        self.whole_because = names["whole_because"]
        self._transform = folder / "transform.xml"
        self._encoder = None if self.whole_because else openvino_encoder(folder / "encode.xml", STYLE_SIZE)

    def encode(self, image: Image) -> StyleCode:
        style = style_input(image)
        return style.ravel() if self._encoder is None else self._encoder(style)

    def compile(self, size: tuple[int, int], precision: str | None = None) -> Stylize:
        return openvino_stylize(
            self._transform,
            size,
            self._frame,
            self._code,
            self._code_shape,
            precision=precision,
            frames_in_flight=self.frames_in_flight,
        )

    def operations(self, size: tuple[int, int]) -> int:
        return openvino_operations(self._transform, {self._frame: [1, *size, 3], self._code: list(self._code_shape)})


def converted(folder: Path, say: Callable[[str], None] = lambda message: None) -> Path:
    """The folder of OpenVINO's copy of a module's parts, made with TensorFlow where it is not there yet.

    Kept in our cache by a hash of the module's files: encode.xml, transform.xml, parts.json.
    Raises ModelError for what is no style module and where the cache cannot be written, RuntimeError or
    ImportError where OpenVINO cannot run it as TensorFlow does.
    """
    import openvino

    kept = cache_folder() / "converted" / f"{_hash(folder)}-{_release(openvino.__version__)}"
    if not kept.is_dir():
        say(f"Preparing {folder} for this computer: once, half a minute or less")
        module = split(load_module(folder))
        try:
            with filling(kept) as partial:
                _convert(module, partial)
                _compare(OpenVinoParts(partial), TensorFlowParts(module, "/CPU:0", "CPU"))
        except OSError as reason:
            raise ModelError(
                f"cannot keep the converted model in {kept.parent}: {reason.strerror or reason}. "
                "Make room or name a folder that can be written: REALTIME_NST_CACHE=FOLDER realtime-nst ..."
            ) from reason
    return kept


def _convert(module: Module, folder: Path) -> None:
    import openvino

    core = openvino.Core()
    graphs = {"transform": module.transform, "encode": module.encode}
    for name, graph in graphs.items():
        if graph is None:
            continue
        frozen = folder / f"{name}.pb"
        frozen.write_bytes(graph.SerializeToString())
        openvino.save_model(core.read_model(frozen), folder / f"{name}.xml", compress_to_fp16=False)
        frozen.unlink()
    names = {
        "frame": module.frame,
        "code": module.code,
        "code_shape": module.code_shape,
        "whole_because": module.whole_because,
    }
    (folder / "parts.json").write_text(json.dumps(names))


def _compare(ours: OpenVinoParts, reference: TensorFlowParts, tolerance: float = 4.0) -> None:
    """Raise RuntimeError where the mean pixel of one picture differs by more than `tolerance` (of 255).

    A runtime that computes a network wrongly says nothing. bf16 alone makes 0.6.
    """
    noise = np.random.default_rng(0)
    image = cv2.resize(noise.integers(0, 256, (6, 9, 3), np.uint8), (96, 64), interpolation=cv2.INTER_CUBIC)
    style = cv2.resize(noise.integers(0, 256, (30, 30, 3), np.uint8), (STYLE_SIZE, STYLE_SIZE))
    ours, reference = (parts.compile((64, 96))(image, parts.encode(style))() for parts in (ours, reference))
    difference = np.abs(ours.astype(np.int16) - reference).mean()
    if difference > tolerance:
        raise RuntimeError(f"its pictures differ from TensorFlow's by {difference:.0f} of 255 in the mean")


def _hash(folder: Path) -> str:
    """A hash of the SavedModel's files, names and contents."""
    if not (folder / "saved_model.pb").is_file():
        raise ModelError(
            f"{folder} is not a SavedModel: it has no saved_model.pb. "
            "Give the folder that holds it, or --model hub, or --model fast."
        )
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _release(version: str) -> str:
    """2026.4.1 of 2026.4.1-22982-abc."""
    return version.split("-")[0]
