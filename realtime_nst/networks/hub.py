"""Magenta's TF Hub module: any style in one network, split so that a style is encoded once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import DeviceError
from ..frames import Image, StyleCode
from .base import Network, Say, enlarge
from .download import HUB_HANDLE, checksum_of, fetch_hub, fetched
from .hub_conversion import CODE, checked, converted
from .hub_parts import OpenVinoParts, TensorFlowParts
from .hub_split import load_module, split
from .runtimes.base import BySize, first_line
from .runtimes.devices import DeviceKind, choose_frames_in_flight, cpu_name, tensorflow_gpu
from .runtimes.precision import half_convolutions
from .runtimes.tensorflow import xla_notices

MIN_SIDE = 16
"""Shortest side, in pixels, that the module accepts: its convolutions reflect the borders of their inputs."""


class HubNetwork(Network):
    """A SavedModel with the interface of google/magenta/arbitrary-image-stylization-v1-256.

    Inputs `placeholder` (image) and `placeholder_1` (style image), output `output_0`: float32 RGB in [0, 1].
    A code is the module's own bottleneck, 100 float32 numbers. If the module cannot be split, a code is the style image
    that the module takes, 256 x 256 x 3 numbers.

    The transform is compiled for each frame size, which takes about a second; the last two sizes are kept. Codes and
    frames may be requested from different threads.

    Args:
        folder: where the SavedModel is.
        device: "cpu" or "gpu".
        name: its name for `--model`.
        say: receives a sentence before anything that takes long.
        throughput: process several frames at once on a CPU: more frames per second, each one later.

    Raises:
        ModelError: if the folder holds no such module.
        DeviceError: if a GPU was requested and TensorFlow finds none.
    """

    missing_hint = f"{HUB_HANDLE}; `realtime-nst models --fetch hub` downloads it"

    def __init__(
        self,
        folder: str | Path,
        device: str = "cpu",
        name: str = "hub",
        say: Say = lambda message: None,
        throughput: bool = False,
    ) -> None:
        self.name = name
        folder = Path(folder)
        self._parts, self.notices = (
            _on_gpu(folder, say) if device == "gpu" else _on_cpu(folder, say, choose_frames_in_flight(throughput))
        )
        self.runtime, self.device = self._parts.runtime, self._parts.device
        self.frames_in_flight = self._parts.frames_in_flight
        self._transforms = BySize(lambda size: self._parts.compile(size))

    @classmethod
    def open(cls, model: str, device: DeviceKind, say: Say, throughput: bool) -> Network:
        handle = HUB_HANDLE if model == "hub" else model
        if "://" not in handle:
            return cls(Path(handle), device, model, say, throughput)
        name = model.partition("#")[0]
        if fetched(handle):
            return cls(fetch_hub(handle), device, name, say, throughput)
        say(f"Downloading {handle}: once" + ("" if handle == HUB_HANDLE else f"; {CODE}"))
        folder = fetch_hub(handle)
        if handle != HUB_HANDLE and "#" not in handle:
            say(f"Its SHA-256 is {checksum_of(handle)}: with --sha256 no other archive is accepted")
        return cls(folder, device, name, say, throughput)

    @classmethod
    def locate(cls) -> Path | None:
        return fetched()

    def encode(self, image: Image) -> StyleCode:
        """Return the style code of the central square of an image of any size: float32, 1-D."""
        return self._parts.encode(image)

    def begin(self, network_input: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        height, width = network_input.shape[:2]
        below, beside = max(MIN_SIDE - height, 0), max(MIN_SIDE - width, 0)
        if below or beside:
            network_input = np.pad(network_input, ((0, below), (0, beside), (0, 0)), mode="edge")
        finish = self._transforms[height + below, width + beside](network_input, code)
        return lambda: enlarge(np.ascontiguousarray(finish()[:height, :width]), image)

    def transform(self, image: Image, code: StyleCode) -> Image:
        return self.begin(image, code, image)()

    def operations(self) -> int | None:
        return self._parts.operations(self._transforms.newest)


def _on_gpu(folder: Path, say: Say) -> tuple[TensorFlowParts, tuple[str, ...]]:
    gpu = tensorflow_gpu()
    if gpu is None:
        raise DeviceError("TensorFlow finds no GPU here; use --device cpu")
    checked(folder, say)
    module = split(load_module(folder))
    slower = xla_notices("/GPU:0")
    module = replace(module, transform=half_convolutions(module.transform))
    parts = TensorFlowParts(module, "/GPU:0", f"GPU ({gpu})", xla=not slower)
    return parts, (*slower, *_notices(folder, module.whole_because))


def _on_cpu(folder: Path, say: Say, frames_in_flight: int) -> tuple[OpenVinoParts | TensorFlowParts, tuple[str, ...]]:
    """Run the module, converted at the first start, on OpenVINO; on TensorFlow if OpenVINO cannot."""
    try:
        parts = OpenVinoParts(converted(folder, say), frames_in_flight)
        return parts, _notices(folder, parts.whole_because)
    except (ImportError, RuntimeError) as error:
        module = split(load_module(folder))
        parts = TensorFlowParts(module, "/CPU:0", f"CPU ({cpu_name()})")
        slower = f"OpenVINO cannot run {folder}, TensorFlow runs it on the CPU, slower: {first_line(error)}"
        return parts, (slower, *_notices(folder, module.whole_because))


def _notices(folder: Path, whole_because: str) -> tuple[str, ...]:
    if not whole_because:
        return ()
    return (f"The model {folder} could not be split and runs whole for every frame, slower: {whole_because}.",)
