"""Keep the colours of an image when its style is transferred."""

from __future__ import annotations

from typing import cast

import cv2

from ..frames import Image


def in_colors_of(image: Image, styled: Image) -> Image:
    """Combine the luminance of one image with the colours of another.

    The chrominance is Cb and Cr of full-range BT.601. This is luminance-only transfer, as in Gatys, Bethge, Hertzmann
    and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016.

    Args:
        image: where the colours come from, uint8 BGR, H x W x 3.
        styled: where the luminance comes from, of the same size.

    Returns:
        A new image, uint8 BGR, H x W x 3.
    """
    mixed = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    cv2.mixChannels([cv2.cvtColor(styled, cv2.COLOR_BGR2YCrCb)], [mixed], [0, 0])
    return cast(Image, cv2.cvtColor(mixed, cv2.COLOR_YCrCb2BGR, dst=mixed))
