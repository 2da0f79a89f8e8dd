"""The interface of style-transfer networks: style image -> code, once per style; frame and code -> frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from ..errors import ModelError
from ..frames import Image, StyleCode
from ..media.resize import downscale, resize
from .runtimes.devices import DeviceKind

Say: TypeAlias = Callable[[str], None]
"""Shows one line of text to the user."""

Render: TypeAlias = Callable[[Any, Any], Any]
"""(frames float32 B x H x W x 3 BGR in 0..1, style vector (N,)) -> stylized frames of the same kind: tensors of the
backend that Keras runs on, differentiable with respect to the vector."""


class Network(ABC):
    """A style-transfer network on some runtime.

    A frame passes through it in two steps: `prepare` scales it to the processing size, `begin` stylizes it and returns
    it at its own size. Codes and frames may be requested from different threads.

    A new family of models is a subclass in a module of its own and one line in `registry.FAMILIES`. A family
    implements `encode`, `transform` (or `begin`), and the class methods `open` and `locate`.
    """

    name: str
    """Its name for `--model`: "hub", "fast", or the folder or URL that it came from."""
    runtime: str
    """The runtime and its version, such as "OpenVINO 2026.4.1"."""
    device: str
    """The device in familiar words: "CPU (AMD EPYC)", "GPU (NVIDIA H100)"."""
    frames_in_flight: int = 0
    """How many more frames may be started before the first one is waited for.

    A GPU receives the next frame while it computes; a CPU opened for throughput processes several frames at once."""
    quick: bool = False
    """Whether a frame takes so little time that the temporal filter must be cheap. The strokes of such networks also
    change little from one frame to the next."""
    fingerprint: str = ""
    """A hash of the weights that a style vector depends on; empty for a network whose vectors cannot be fitted."""
    notices: tuple[str, ...] = ()
    """The fallbacks taken while it was opened, one sentence each, for the user."""

    default_processing_size: ClassVar[int] = 384
    """Long side of the network's input in pixels unless the user chooses another stroke size: at 384, strokes are large
    and faces in a webcam's frame still have eyes and a mouth."""
    missing_hint: ClassVar[str] = "missing from this installation"
    """Advice to the user if `locate` finds nothing."""

    @classmethod
    def open(cls, model: str, device: DeviceKind, say: Say, throughput: bool) -> Network:
        """Open a network of this family.

        Args:
            model: the name of the family; for the family of SavedModels also a folder or a URL.
            device: "cpu" or "gpu".
            say: receives a sentence before anything that takes long.
            throughput: process several frames at once on a CPU: more frames per second, each one later.

        Raises:
            ModelError: if the model is missing or damaged, or cannot be downloaded.
            DeviceError: if there is no usable GPU.
        """
        raise NotImplementedError(f"{cls.__name__} cannot be opened by name")

    @classmethod
    def locate(cls) -> Path | None:
        """Return the folder that holds the family's files; None if they are not on this machine."""
        return None

    @classmethod
    def located_fingerprint(cls) -> str:
        """Return the `fingerprint` of the weights that `locate` finds, without loading them."""
        return ""

    @abstractmethod
    def encode(self, image: Image) -> StyleCode:
        """Return the style code of a style image of any size: float32, 1-D."""

    @abstractmethod
    def transform(self, image: Image, code: StyleCode) -> Image:
        """Stylize an image.

        Args:
            image: uint8 BGR, H x W x 3, of any size.
            code: the style, from `encode` or a weighted mean of such codes.

        Returns:
            A new image, uint8 BGR, H x W x 3.
        """

    def differentiable(self) -> Callable[[], Render]:
        """Return a function that loads the transform in a differentiable form, for `nst.fit`. It can be pickled.

        Raises:
            ModelError: if this family has none.
        """
        raise ModelError(f"styles cannot be fitted to the model {self.name}; use --model fast")

    def operations(self) -> int | None:
        """Return the floating-point operations of one frame at the size compiled last; None if unknown."""
        return None

    def prepare(self, image: Image, size: tuple[int, int]) -> Image:
        """Scale an image to the network's input.

        Args:
            image: uint8 BGR, H x W x 3.
            size: the processing size, (height, width) in pixels.

        Returns:
            The network's input, uint8 BGR. A family may choose another size than `size` for it.
        """
        if image.shape[:2] == size:
            return image
        return downscale(image, size)

    def begin(self, network_input: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        """Start to stylize an image.

        At most `frames_in_flight` + 1 frames, and at least two, may be unfinished: a frame is unfinished until its
        function was called or garbage-collected.

        Args:
            network_input: what `prepare` returned for `image`.
            code: the style.
            image: uint8 BGR, H x W x 3.

        Returns:
            A function to be called at most once. It waits for the stylized image and returns it: uint8 BGR, with the
            size of `image`.
        """
        output = self.transform(network_input, code)
        return lambda: enlarge(output, image)


def enlarge(output: Image, image: Image) -> Image:
    """Scale a network's output to the size of the image it was made from."""
    height, width = image.shape[:2]
    return resize(output, (height, width))
