"""Our own any-style network, trained by realtime_nst.training: real time on two CPU cores, no download."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import numpy as np

from ..errors import DeviceError
from ..frames import Image, StyleCode
from ..media.resize import downscale, resize
from .base import Network, Render, Say
from .hub_split import graph_function
from .runtimes.base import BySize
from .runtimes.devices import DeviceKind, choose_frames_in_flight, cpu_name, tensorflow_gpu
from .runtimes.openvino import AffineModel, openvino_affine, openvino_encoder
from .runtimes.operations import openvino_operations
from .runtimes.precision import half_convolutions
from .runtimes.tensorflow import tensorflow_affine, tensorflow_apply_affine, tensorflow_name, xla_notices

STYLE, LOW, CODE = "style:0", "low:0", "code:0"
"""The input tensors of the graphs. Images are float32 BGR in [0, 1], 1 x H x W x 3."""

MAPS = ("offset:0", "gain:0")
"""The output tensors of the transform: the affine coefficients, float32, 1 x 2H x 2W x 3 and 1 x H/2 x W/2 x 3 for an
input of H x W."""

STYLE_SIDE = 256
"""Long side, in pixels, of the style image that the style network sees, as in its training."""

MIN_SIDE = 32
"""Short side, in pixels, of the smallest image that the style network can see: it halves it five times."""

WEIGHTS = Path(__file__).with_name("fast_weights")
"""The trained network: encode.pb and transform.pb, frozen TensorFlow graphs with float16 weights."""


class FastNetwork(Network):
    """The network whose weights the package ships: a style network (`encode`) and a transform.

    A code is 100 float32 numbers. The transform sees a frame at half the processing size and outputs affine
    coefficients: an offset for each pixel of the processing size and a gain for every sixteen. Both are enlarged to the
    frame and applied to it at full resolution, so that its edges stay sharp.

    The transform is compiled for each size, which takes half a second; the last two sizes are kept.
    Codes and frames may be requested from different threads.

    Args:
        device: "cpu" (OpenVINO) or "gpu" (TensorFlow).
        folder: where the weights are.
        throughput: process several frames at once on a CPU: more frames per second, each one later.

    Raises:
        DeviceError: if a GPU was requested and TensorFlow finds none.
    """

    name = "fast"
    quick = True

    def __init__(self, device: str = "cpu", folder: Path = WEIGHTS, throughput: bool = False) -> None:
        self._parts: FastParts = (
            TensorFlowFast(folder) if device == "gpu" else OpenVinoFast(folder, choose_frames_in_flight(throughput))
        )
        self.runtime, self.device, self.notices = self._parts.runtime, self._parts.device, self._parts.notices
        self.frames_in_flight = self._parts.frames_in_flight
        self._transforms = BySize(self._parts.compile)
        self.fingerprint = _fingerprint(folder)
        self._folder = folder

    @classmethod
    def open(cls, model: str, device: DeviceKind, say: Say, throughput: bool) -> Network:
        return cls(device, throughput=throughput)

    @classmethod
    def locate(cls) -> Path | None:
        return WEIGHTS

    def encode(self, image: Image) -> StyleCode:
        # Not squeezed into a square: that changes the strokes, and raised the style error from 0.32 to 0.34.
        scale = STYLE_SIDE / max(image.shape[:2])
        height, width = (max(MIN_SIDE, round(scale * side)) for side in image.shape[:2])
        return self._parts.encode(resize(image, (height, width))[np.newaxis].astype(np.float32) / 255)

    def prepare(self, image: Image, size: tuple[int, int]) -> Image:
        """Return `image` at half of `size` (height, width), uint8 BGR."""
        # The transform halves its input twice more and reflects the borders of the result: multiples of 4, at least 8.
        height, width = (max(8, round(side / 8) * 4) for side in size)
        return downscale(image, (height, width))

    def begin(self, network_input: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        height, width = network_input.shape[:2]
        return self._parts.begin(self._transforms[height, width], network_input, code, image)

    def transform(self, image: Image, code: StyleCode) -> Image:
        height, width = image.shape[:2]
        return self.begin(self.prepare(image, (height, width)), code, image)()

    @classmethod
    def located_fingerprint(cls) -> str:
        return _fingerprint(WEIGHTS)

    def differentiable(self) -> Callable[[], Render]:
        from .fast_render import tensorflow_render

        return partial(tensorflow_render, self._folder)

    def operations(self) -> int | None:
        return self._parts.operations(self._transforms.newest)


def _fingerprint(folder: Path) -> str:
    """Return a hash of the transform: the encoder takes no style vector."""
    return hashlib.sha256((folder / "transform.pb").read_bytes()).hexdigest()[:12]


class FastParts(Protocol):
    """The style network and the transform on one runtime."""

    runtime: str
    device: str
    notices: tuple[str, ...]
    frames_in_flight: int

    def encode(self, style: np.ndarray, /) -> StyleCode:
        """Return the code of a style image: float32 BGR in [0, 1], 1 x H x W x 3."""
        ...

    def compile(self, size: tuple[int, int]) -> Any:
        """Compile the transform for inputs of `size`, for `begin`."""
        ...

    def begin(self, transform: Any, network_input: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        """Start the transform and apply its coefficients to `image`, as `Network.begin`."""
        ...

    def operations(self, size: tuple[int, int]) -> int | None:
        """Return the floating-point operations of the transform for inputs of `size`; None if unknown."""
        ...


class OpenVinoFast:
    """The network on a CPU.

    Args:
        folder: where the weights are.
        frames_in_flight: how many more frames may be started before the first one is waited for.
        precision: "f32" or "bf16". None: bf16 if the processor supports it.
    """

    notices: tuple[str, ...] = ()

    def __init__(self, folder: Path, frames_in_flight: int = 0, precision: str | None = None) -> None:
        import openvino

        self.runtime = f"OpenVINO {openvino.__version__.split('-')[0]}"
        self.device = f"CPU ({cpu_name()})"
        self.frames_in_flight = frames_in_flight
        self._precision = precision
        self._transform = folder / "transform.pb"
        self.encode = openvino_encoder(folder / "encode.pb")

    def compile(self, size: tuple[int, int]) -> AffineModel:
        return openvino_affine(
            self._transform, size, LOW, CODE, MAPS, precision=self._precision, frames_in_flight=self.frames_in_flight
        )

    def begin(self, transform: AffineModel, network_input: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        return transform(network_input, code, lambda offset, gain: apply_affine(offset, gain, image))

    def operations(self, size: tuple[int, int]) -> int | None:
        return openvino_operations(self._transform, {LOW: [1, *size, 3]})


def apply_affine(offset: np.ndarray, gain: np.ndarray, image: Image) -> Image:
    """Return offset + gain * image, rounded and clipped: a new uint8 BGR image.

    Args:
        offset: float32, H x W x 3, 0..255.
        gain: float32, usually smaller than `offset`, to whose size it is enlarged.
        image: uint8 BGR, to whose size both are enlarged, bilinearly.
    """
    gain = _enlarge(gain, offset.shape)
    if offset.shape != image.shape:
        # Gain is enlarged in two steps so that the slopes of both change at the same pixels: where only one changes,
        # thin lines become visible.
        offset, gain = (_enlarge(each, image.shape) for each in (offset, gain))
    # The product overwrites the gain: allocating memory for it would take a quarter of this function's time.
    return cast(Image, cv2.add(cv2.multiply(image, gain, gain, dtype=cv2.CV_32F), offset, dtype=cv2.CV_8U))


def _enlarge(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(values, shape[1::-1], interpolation=cv2.INTER_LINEAR)


class TensorFlowFast:
    """The network on a GPU.

    Args:
        folder: where the weights are.
        device: TensorFlow's name of the device. Tests run this code with "/CPU:0".

    Raises:
        DeviceError: if TensorFlow finds no GPU.
    """

    def __init__(self, folder: Path, device: str = "/GPU:0") -> None:
        import tensorflow as tf

        gpu = tensorflow_gpu()
        if device == "/GPU:0" and gpu is None:
            raise DeviceError("TensorFlow finds no GPU here; use --device cpu")
        self.notices = xla_notices(device)
        self._xla = not self.notices
        self.runtime = tensorflow_name(self._xla)
        self.device = f"GPU ({gpu})" if gpu else f"CPU ({cpu_name()})"
        self._device = device
        self.frames_in_flight = 1 if gpu else 0

        def read(name: str) -> Any:
            return tf.compat.v1.GraphDef.FromString((folder / name).read_bytes())

        self._encode = graph_function(read("encode.pb"), [STYLE], CODE)
        self._transform = graph_function(half_convolutions(read("transform.pb")), [LOW, CODE], MAPS)
        self._apply_affine = tensorflow_apply_affine(device, self._xla)

    def encode(self, style: np.ndarray) -> StyleCode:
        import tensorflow as tf

        with tf.device(self._device):
            return self._encode(tf.constant(style)).numpy().ravel()

    def compile(self, size: tuple[int, int]) -> Callable[[Image, StyleCode], tuple[Any, Any]]:
        return tensorflow_affine(self._transform, size, self._device, self._xla)

    def begin(
        self,
        transform: Callable[[Image, StyleCode], tuple[Any, Any]],
        network_input: Image,
        code: StyleCode,
        image: Image,
    ) -> Callable[[], Image]:
        return self._apply_affine(*transform(network_input, code), image)

    def operations(self, size: tuple[int, int]) -> int | None:
        return None
