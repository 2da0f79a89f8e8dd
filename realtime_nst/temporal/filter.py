"""One stream's protection from flicker."""

from __future__ import annotations

import numpy as np

from ..frames import Image, StyleCode
from .consistency import TemporalConsistency
from .denoise import TemporalDenoiser


class TemporalFilter:
    """Keeps noise from the network, which would make strokes of it, and strokes where they were, for one stream.

    Any network between the two; both are asked for each frame, in the frames' order. quick: the network leaves little
    time for this.
    """

    def __init__(self, quick: bool = False) -> None:
        self._denoise = TemporalDenoiser()
        self._hold = TemporalConsistency(quick=quick)
        self._wanted: tuple[StyleCode, float] | None = None

    def seen(self, image: Image) -> Image:
        """What the network is to see instead of `picture`, uint8 BGR."""
        return self._denoise(image)

    def made(self, styled: Image, seen: Image, code: StyleCode, strength: float) -> Image:
        """What is to be shown instead of `styled`, made of what `seen` gave."""
        if self._wanted is not None and self._leaps(code, strength, *self._wanted):
            self._hold.forget()
        self._wanted = code, strength
        return self._hold(styled, seen)

    def _leaps(self, code: StyleCode, strength: float, code_before: StyleCode, strength_before: float) -> bool:
        """Whether another style is wanted at once. One that comes over seconds can be held to the frame before."""
        moved = np.linalg.norm(code - code_before)
        return strength != strength_before or bool(moved > 0.02 * np.linalg.norm(code_before))


def worth_it(fps: float) -> bool:
    """Whether live video of so many frames a second is made steady if nobody says so. Above a hundred the eye takes the
    mean of frames itself, and processors have no time to give away."""
    return fps <= 100
