"""Light on height fields: normals, cavities, cast shadows, and the way from linear light to pixels."""

from __future__ import annotations

import cv2
import numpy as np

SUN = np.array([-0.56, 0.50, 0.66], np.float32) / np.float32(np.linalg.norm([-0.56, 0.50, 0.66]))
"""Unit vector towards the sun: x to the right, y up, z towards the viewer."""
SUNLIGHT = np.array([1.35, 1.85, 2.2], np.float32).reshape(3, 1, 1)
SKYLIGHT = np.array([0.66, 0.50, 0.42], np.float32).reshape(3, 1, 1)
BOUNCE = np.array([0.10, 0.17, 0.17], np.float32).reshape(3, 1, 1)
"""Light reflected by the ground. Colours are linear BGR planes, 3 x H x W or 3 x 1 x 1: fastest in NumPy."""


WHITE = 4.0
"""Linear light that is shown as white."""


def _curve() -> np.ndarray:
    """Pixel values for linear light from 0 to WHITE."""
    x = np.linspace(0, WHITE, 1 << 14)
    x = x * (1 + x / 6) / (1 + 0.72 * x)
    return np.rint(255 * np.minimum(x, 1) ** (1 / 2.2)).astype(np.uint8)


_CURVE = _curve()


def linear(red: int, green: int, blue: int) -> np.ndarray:
    """Return an sRGB colour (0..255) as linear BGR, float32, 3 x 1 x 1, 0..1."""
    return (np.array([blue, green, red], np.float32).reshape(3, 1, 1) / 255) ** np.float32(2.2)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Interpolate: `share` (H x W) of `second` in `first`, both 3 x H x W or 3 x 1 x 1."""
    return first + share * (second - first)


def smoothstep(low: float | np.ndarray, high: float | np.ndarray, value: np.ndarray) -> np.ndarray:
    """Hermite step from 0 at `low` to 1 at `high`; `low` may be the larger."""
    t = np.clip((value - low) * np.asarray(1 / (high - low), np.float32), 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: np.ndarray, y: np.ndarray, across: float, down: float) -> np.ndarray:
    """Gaussian of unit height with standard deviations `across` and `down`."""
    return np.exp(-0.5 * ((x * np.float32(1 / across)) ** 2 + (y * np.float32(1 / down)) ** 2))


def normals(height: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit normals of a height field.

    Args:
        height: float32 H x W; heights in the same unit as `pixel`, the side of a pixel.

    Returns:
        The components x (right), y (up) and z (towards the viewer), each float32 H x W.
    """
    scale = 1 / (8 * pixel)
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=scale, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=scale, borderType=cv2.BORDER_REPLICATE)
    length = 1 / np.sqrt(gx * gx + gy * gy + 1)
    return -gx * length, gy * length, length


def cavity(height: np.ndarray, pixel: float, radius: float, depth: float) -> np.ndarray:
    """Approximate ambient occlusion: 1 in the open, less where the surface lies below its surroundings."""
    step = max(int(radius / pixel / 3), 1)
    small = height[::step, ::step] if step > 1 else height
    around = cv2.GaussianBlur(small, (0, 0), max(radius / pixel / step, 0.3), borderType=cv2.BORDER_REPLICATE)
    if step > 1:
        around = cv2.resize(around, height.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.exp(-np.clip((around - height) / depth, 0, 3))


def cast_shadow(height: np.ndarray, pixel: float, reach: float, steps: int = 28, soft: float = 0.05) -> np.ndarray:
    """Light that reaches each point from the sun: 1 lit, 0 in shadow.

    Marches from each point towards SUN over the height field, on a grid of half the resolution.
    """
    step_down = 2
    size = (max(height.shape[1] // step_down, 1), max(height.shape[0] // step_down, 1))
    low = cv2.resize(height, size, interpolation=cv2.INTER_AREA)
    scale = height.shape[0] / size[1] * pixel
    blocked = np.full(low.shape, -1.0, np.float32)
    for k in range(1, steps + 1):
        away = reach * (k / steps) ** 1.5
        move = np.array([[1, 0, SUN[0] * away / scale], [0, 1, -SUN[1] * away / scale]], np.float32)
        moved = cv2.warpAffine(
            low,
            move,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=-9,
        )
        above = (moved - low - SUN[2] * away) / (0.4 + away)
        np.maximum(blocked, above, out=blocked)
    lit = 1 - smoothstep(-soft, soft, blocked)
    return cv2.resize(lit, height.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def to_pixels(light: np.ndarray) -> np.ndarray:
    """Tone-map linear BGR planes to uint8 H x W x 3: a soft shoulder for highlights, then a gamma of 2.2."""
    index = np.clip(light * (len(_CURVE) / WHITE), 0, len(_CURVE) - 1).astype(np.uint16)
    return cv2.merge([_CURVE[plane] for plane in index])
