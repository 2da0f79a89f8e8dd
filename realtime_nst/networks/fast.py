"""Our own any-style network, trained by realtime_nst.training: real time on two CPU cores, no download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ..frames import Image, StyleCode
from ..media.resize import downscale, resize
from .base import Network
from .runtimes.base import BySize
from .runtimes.devices import choose_frames_in_flight, cpu_name, tensorflow_gpu
from .runtimes.openvino import Maps, openvino_encoder, openvino_maps, openvino_operations
from .runtimes.tensorflow import tensorflow_finish, tensorflow_maps, tensorflow_name, xla_notices

STYLE, LOW, CODE = "style:0", "low:0", "code:0"
"""The tensors that go into the graphs. Pictures are float32 BGR in [0, 1], 1 x H x W x 3."""

MAPS = ("offset:0", "gain:0")
"""The tensors that come out of the transform's graph: float32, 1 x 2H x 2W x 3 and 1 x H/2 x W/2 x 3 for a picture of
H x W that went in."""

STYLE_SIDE = 256
"""Long side in pixels of the style picture that the style network is shown, as in its training."""

LEAST_SIDE = 32
"""Short side in pixels of the smallest picture that it can see: it halves five times."""

WEIGHTS = Path(__file__).with_name("fast_weights")
"""The trained network: encode.pb and transform.pb, frozen TensorFlow graphs with float16 weights."""


class FastNetwork(Network):
    """The network in the package's own files: a style network (`encode`) and a transform.

    A code is 100 float32 numbers. The transform sees a frame at half the work size and answers with an offset for each
    pixel of the work size and a gain for every sixteen; both are enlarged to the frame and applied to it at its full
    size, so that its edges stay sharp.
    Compiled for each size: a new one costs half a second, the last two are kept.
    Codes and frames may be asked for from different threads.
    """

    name = "fast"
    quick = True
    default_processing_size = 640

    def __init__(self, device: str = "cpu", folder: Path = WEIGHTS, throughput: bool = False):
        """Open the weights in `folder` on "cpu" (OpenVINO) or "gpu" (TensorFlow).

        With `throughput` a CPU works on several frames at once: more a second, each later.
        Raises DeviceError where a GPU was asked for and TensorFlow finds none.
        """
        self._parts = (
            TensorFlowFast(folder) if device == "gpu" else OpenVinoFast(folder, choose_frames_in_flight(throughput))
        )
        self.runtime, self.device, self.notices = self._parts.runtime, self._parts.device, self._parts.notices
        self.frames_in_flight = self._parts.frames_in_flight
        self._maps = BySize(self._parts.compile)

    def encode(self, image: Image) -> StyleCode:
        """The code of a style picture of any size: float32, 1-D."""
        # Not squeezed into a square: strokes would be other ones, and the style error was 0.34 instead of 0.32.
        scale = STYLE_SIDE / max(image.shape[:2])
        height, width = (max(LEAST_SIDE, round(scale * side)) for side in image.shape[:2])
        return self._parts.encode(resize(image, (height, width))[np.newaxis].astype(np.float32) / 255)

    def prepare(self, image: Image, size: tuple[int, int]) -> Image:
        """`picture` at half of `size` (height, width), as the network sees it."""
        # It halves what it sees twice more and mirrors the border of that: multiples of 4, at least 8.
        return downscale(image, tuple(max(8, round(side / 8) * 4) for side in size))

    def begin(self, shown: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        return self._parts.begin(self._maps[shown.shape[:2]], shown, code, image)

    def transform(self, image: Image, code: StyleCode) -> Image:
        """`picture` (any size) in the style of `code`: a new uint8 BGR picture of the same size."""
        return self.begin(self.prepare(image, image.shape[:2]), code, image)()

    def operations(self) -> int | None:
        """Floating-point operations of the transform for a frame of the size compiled last."""
        return self._parts.operations(self._maps.newest)


class OpenVinoFast:
    """The network on the CPU."""

    notices: tuple[str, ...] = ()

    def __init__(self, folder: Path, frames_in_flight: int = 0, precision: str | None = None):
        import openvino

        self.runtime = f"OpenVINO {openvino.__version__.split('-')[0]}"
        self.device = f"CPU ({cpu_name()})"
        self.frames_in_flight, self._precision = frames_in_flight, precision
        self._transform = folder / "transform.pb"
        self.encode = openvino_encoder(folder / "encode.pb")

    def compile(self, size: tuple[int, int]) -> Maps:
        """The transform for pictures of `size`."""
        return openvino_maps(
            self._transform, size, LOW, CODE, MAPS, precision=self._precision, frames_in_flight=self.frames_in_flight
        )

    def begin(self, maps: Maps, shown: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        return maps(shown, code, lambda offset, gain: self._finished(offset, gain, image))

    def _finished(self, offset: np.ndarray, gain: np.ndarray, image: Image) -> Image:
        """offset + gain * picture, the maps enlarged to it: a new uint8 BGR picture."""
        gain = _enlarged(gain, offset.shape)
        if offset.shape != image.shape:
            # In two steps, so that both bend at the same places: else thin lines stand out where only one does.
            offset, gain = (_enlarged(each, image.shape) for each in (offset, gain))
        # The product takes the place of the gain: memory that is asked for anew costs a quarter of all this.
        return cv2.add(cv2.multiply(image, gain, gain, dtype=cv2.CV_32F), offset, dtype=cv2.CV_8U)

    def operations(self, size: tuple[int, int]) -> int:
        return openvino_operations(self._transform, {LOW: [1, *size, 3]})


def _enlarged(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(values, shape[1::-1], interpolation=cv2.INTER_LINEAR)


class TensorFlowFast:
    """The network on a GPU, or with another `device` wherever TensorFlow can."""

    def __init__(self, folder: Path, device: str = "/GPU:0"):
        import tensorflow as tf

        from ..errors import DeviceError
        from .hub_split import graph_function
        from .runtimes.precision import half_convolutions

        gpu = tensorflow_gpu()
        if device == "/GPU:0" and gpu is None:
            raise DeviceError("TensorFlow finds no GPU here; use --device cpu")
        self.notices = xla_notices(device)
        self._xla = not self.notices
        self.runtime = tensorflow_name(self._xla)
        self.device = f"GPU ({gpu})" if gpu else f"CPU ({cpu_name()})"
        self._device = device
        self.frames_in_flight = 1 if gpu else 0

        def read(name: str):
            return tf.compat.v1.GraphDef.FromString((folder / name).read_bytes())

        self._encode = graph_function(read("encode.pb"), [STYLE], CODE)
        self._transform = graph_function(half_convolutions(read("transform.pb")), [LOW, CODE], MAPS)
        self._finish = tensorflow_finish(device, self._xla)

    def encode(self, style: np.ndarray) -> StyleCode:
        import tensorflow as tf

        with tf.device(self._device):
            return self._encode(tf.constant(style)).numpy().ravel()

    def compile(self, size: tuple[int, int]) -> Callable[[Image, StyleCode], tuple]:
        """The transform for pictures of `size`."""
        return tensorflow_maps(self._transform, size, self._device, self._xla)

    def begin(self, maps: Callable, shown: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        return self._finish(*maps(shown, code), image)

    def operations(self, size: tuple[int, int]) -> None:
        return None
