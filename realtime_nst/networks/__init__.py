"""Style-transfer networks: picture -> code once a style, frame and code -> frame every frame."""

from __future__ import annotations

from typing import Protocol

from ..frames import Picture, StyleCode


class Network(Protocol):
    """What every style-transfer network offers, whatever runs it."""

    name: str
    """What `--model` calls it: "hub", "fast", or the folder or URL it came from."""
    runtime: str
    """"TensorFlow" or "OpenVINO", with its version."""
    device: str
    """What it runs on, in words a user knows: "CPU (AMD EPYC)", "GPU (NVIDIA H100)"."""
    notices: tuple[str, ...]
    """Fallbacks taken while it was opened, one sentence each, to be shown to the user."""

    def encode(self, picture: Picture) -> StyleCode:
        """Return the float32 code (1-D) of a style picture of any size."""
        ...

    def transform(self, picture: Picture, code: StyleCode) -> Picture:
        """Return `picture` (any size H x W) in the style of `code`: uint8 BGR, H x W x 3."""
        ...

    def operations(self) -> int | None:
        """Floating-point operations that a frame of the size compiled last takes; None where that is unknown."""
        ...
