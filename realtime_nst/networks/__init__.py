"""Style-transfer networks: picture -> code once a style, frame and code -> frame every frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import cv2

from ..frames import Picture, StyleCode


class Network(ABC):
    """What every style-transfer network offers, whatever runs it.

    A frame goes through it in three steps, so that a frame and what the network sees of it may differ in size.
    """

    name: str
    """What `--model` calls it: "hub", "fast", or the folder or URL it came from."""
    runtime: str
    """"TensorFlow" or "OpenVINO", with its version."""
    device: str
    """What it runs on, in words a user knows: "CPU (AMD EPYC)", "GPU (NVIDIA H100)"."""
    ahead: bool = False
    """Whether `stylize` returns while a GPU is still at work: the next frame can be copied to it meanwhile."""
    notices: tuple[str, ...] = ()
    """Fallbacks taken while it was opened, one sentence each, to be shown to the user."""

    @abstractmethod
    def encode(self, picture: Picture) -> StyleCode:
        """Return the float32 code (1-D) of a style picture of any size."""

    @abstractmethod
    def transform(self, picture: Picture, code: StyleCode) -> Picture:
        """Return `picture` (any size H x W) in the style of `code`: uint8 BGR, H x W x 3."""

    def operations(self) -> int | None:
        """Floating-point operations that a frame of the size compiled last takes; None where that is unknown."""
        return None

    def prepare(self, picture: Picture, size: tuple[int, int]) -> Picture:
        """What the network is shown of `picture` at a work size (height, width)."""
        if picture.shape[:2] == size:
            return picture
        return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)

    def stylize(self, shown: Picture, code: StyleCode) -> Any:
        """What the network makes of what it is shown; `finish` knows what that is."""
        return self.transform(shown, code)

    def finish(self, made: Any, picture: Picture) -> Picture:
        """The stylized frame at the size of `picture`, of what the network made of it."""
        if made.shape == picture.shape:
            return made
        return cv2.resize(made, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
