"""The filter that keeps one stream from flickering: denoise before the network, hold the strokes after it."""

from __future__ import annotations

import numpy as np

from ..frames import Image, StyleCode
from .consistency import TemporalConsistency
from .denoise import TemporalDenoiser


class TemporalFilter:
    """Removes flicker from one stream, around any network.

    Call `denoise` and `hold` once for each frame, in order.

    Args:
        quick: whether the network leaves little time for filtering; see `TemporalConsistency`.
    """

    def __init__(self, quick: bool = False) -> None:
        self._denoise = TemporalDenoiser()
        self._hold = TemporalConsistency(quick=quick)
        self._previous: tuple[StyleCode, float] | None = None

    def denoise(self, network_input: Image) -> Image:
        """Return the denoised input for the network: uint8 BGR of the size of `network_input`."""
        return self._denoise(network_input)

    def hold(self, stylized: Image, network_input: Image, code: StyleCode, strength: float) -> Image:
        """Return `stylized` with its strokes held where they were in the previous frame.

        Args:
            stylized: the frame, uint8 BGR, as the network made it from `network_input`.
            network_input: what `denoise` returned for this frame.
            code: the requested style; a jump to another style is not held back.
            strength: its strength, 0 to 1.
        """
        if self._previous is not None and _jumps(code, strength, *self._previous):
            self._hold.forget()
        self._previous = code, strength
        return self._hold(stylized, network_input)


def _jumps(code: StyleCode, strength: float, previous_code: StyleCode, previous_strength: float) -> bool:
    """Return whether the style changes at once. A fade over seconds moves little per frame and can be held."""
    moved = np.linalg.norm(code - previous_code)
    return strength != previous_strength or bool(moved > 0.02 * np.linalg.norm(previous_code))


def deflicker_by_default(fps: float) -> bool:
    """Return whether live video of `fps` frames per second is deflickered if the user does not choose.

    Above 100 fps flicker fuses perceptually and there is no CPU headroom.
    """
    return fps <= 100
