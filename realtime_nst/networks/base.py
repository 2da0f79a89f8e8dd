"""Style-transfer networks: picture -> code once a style, frame and code -> frame every frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import cv2

from ..frames import Image, StyleCode
from ..media.resize import downscale


class Network(ABC):
    """What every style-transfer network offers, whatever runs it.

    A frame goes through it in steps, so that a frame and what the network sees of it may differ in size.
    """

    name: str
    """What `--model` calls it: "hub", "fast", or the folder or URL it came from."""
    runtime: str
    """"TensorFlow" or "OpenVINO", with its version."""
    device: str
    """What it runs on, in words a user knows: "CPU (AMD EPYC)", "GPU (NVIDIA H100)"."""
    frames_in_flight: int = 0
    """How many more frames may be begun before one that was is waited for: a GPU is given the next while it is at work,
    and several are on their way through a CPU that was opened for throughput."""
    quick: bool = False
    """Whether a frame takes it so little time that what is done beside it must be short, and its strokes are much the
    same in the next one."""
    default_processing_size: int = 384
    """Long side of the network's input in pixels unless the user chooses one: what two CPU cores do at a camera's frame
    rate."""
    notices: tuple[str, ...] = ()
    """Fallbacks taken while it was opened, one sentence each, to be shown to the user."""

    @abstractmethod
    def encode(self, image: Image) -> StyleCode:
        """Return the float32 code (1-D) of a style picture of any size."""

    @abstractmethod
    def transform(self, image: Image, code: StyleCode) -> Image:
        """Return `picture` (any size H x W) in the style of `code`: uint8 BGR, H x W x 3."""

    def operations(self) -> int | None:
        """Floating-point operations that a frame of the size compiled last takes; None where that is unknown."""
        return None

    def prepare(self, image: Image, size: tuple[int, int]) -> Image:
        """What the network is shown of `picture` at a work size (height, width)."""
        if image.shape[:2] == size:
            return image
        return downscale(image, size)

    def begin(self, shown: Image, code: StyleCode, image: Image) -> Callable[[], Image]:
        """Begin to stylize `picture`, of which `shown` is what `prepare` made.

        Calling what is returned waits for the stylized frame, uint8 BGR at the size of `picture`, and gives it. Until
        it is called, once, or dropped, the frame takes a place: there are `ahead` + 1, and two at least, since one
        frame is finished while the next is begun.
        """
        made = self.transform(shown, code)
        return lambda: enlarged(made, image)


def enlarged(made: Image, image: Image) -> Image:
    """What a network made of a picture, at the size of that."""
    if made.shape == image.shape:
        return made
    return cv2.resize(made, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
