"""The strokes of a style in the colours of the frame."""

from __future__ import annotations

import cv2

from ..frames import Image


def in_colors_of(image: Image, styled: Image) -> Image:
    """`styled` with the colours of `picture`, both uint8 BGR, H x W x 3: a new one.

    The luminance is that of `styled`, the chrominance (Cb and Cr of full-range BT.601) that of `picture`:
    luminance-only transfer, as in Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style
    Transfer" (2016).
    """
    mixed = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    cv2.mixChannels([cv2.cvtColor(styled, cv2.COLOR_BGR2YCrCb)], [mixed], [0, 0])
    return cv2.cvtColor(mixed, cv2.COLOR_YCrCb2BGR, dst=mixed)
