"""An afternoon sky whose clouds drift: one strip that repeats sideways."""

from __future__ import annotations

import cv2
import numpy as np

from .light import linear, mix, smoothstep, to_pixels
from .noise import Noise

DRIFT = 0.011
"""Frame heights that the clouds move in a second."""
PHASES = 4
"""Copies of the strip, each shifted by a further fraction of a pixel: copying one costs a third of interpolating it."""
HORIZON = 0.56
ZENITH, MIDDLE, LOW = linear(58, 112, 180), linear(132, 178, 216), linear(244, 220, 184)
CLOUD_LIT, CLOUD_SHADE = linear(255, 246, 230), linear(146, 158, 184)


class Sky:
    """Draws the upper `rows` rows of a frame of height x width pixels at any time."""

    def __init__(self, noise: Noise, height: int, width: int, rows: int) -> None:
        self._height, self._width = height, width
        join = width // 3
        self.period = width + join
        picture = _paint(noise, height, self.period + join, rows)
        # Cross-fade the strip's end into its beginning, then repeat it by a frame's width.
        fade = np.linspace(0, 1, join, dtype=np.float32)[:, None]
        begin, end = picture[:, :join].astype(np.float32), picture[:, self.period :].astype(np.float32)
        picture[:, :join] = np.rint(end + fade * (begin - end)).astype(np.uint8)
        strip = picture[:, : self.period]
        strip = np.hstack([strip, strip[:, : width + 1]])
        shifts = np.arange(PHASES) / PHASES
        self._strips = [cv2.addWeighted(strip[:, :-1], 1 - shift, strip[:, 1:], shift, 0) for shift in shifts]

    def draw(self, canvas: np.ndarray, time: float) -> None:
        """Fill the upper rows of `canvas`, uint8 H x W x 4."""
        offset = (-time * DRIFT * self._height) % self.period
        whole, phase = divmod(round(PHASES * offset) % (PHASES * self.period), PHASES)
        strip = self._strips[phase]
        canvas[: len(strip)] = strip[:, whole : whole + self._width]


def _paint(noise: Noise, height: int, width: int, rows: int) -> np.ndarray:
    """The strip, uint8 rows x width x 4; the fourth channel is 0."""
    y, x = np.mgrid[:rows, :width].astype(np.float32) / np.float32(height)
    up = np.maximum(HORIZON - y, 0)
    sky = mix(mix(LOW, MIDDLE, smoothstep(0.0, 0.26, up)), ZENITH, smoothstep(0.16, 0.60, up))
    # Clouds lie in layers that look flatter towards the horizon.
    v = 2.1 * np.log(up + 0.10)
    pixel = 1 / height

    def density(dx: float, dy: float) -> np.ndarray:
        warp = noise(x * 3.1 + 3, v * 1.5, 2, 0.5, pixel * 4) - 0.5
        return noise((x + dx) * 3.4 + 0.7 * warp, (v + dy) * 2.6 + 0.5 * warp, 6, 0.52, pixel * 5)

    dense = density(0, 0)
    towards_sun = density(-0.035, 0.09)
    bias = 0.10 * np.sin(2.4 * x + 0.6) + 0.16 * smoothstep(0.30, 0.10, up) - 0.05
    cover = smoothstep(0.47, 0.70, dense + bias)
    lit = np.clip(0.62 + 2.6 * (dense - towards_sun) - 0.35 * smoothstep(0.62, 0.95, dense + bias), 0, 1)
    cloud = mix(CLOUD_SHADE, CLOUD_LIT * 1.5, lit)
    cloud = mix(cloud, LOW * 1.1, 0.55 * smoothstep(0.22, 0.02, up))
    streaks = smoothstep(0.52, 0.85, noise(x * 1.6 + v, y * 9 + 0.8 * x, 5, 0.6, pixel * 9)) * smoothstep(0.1, 0.4, up)
    sky = mix(sky, CLOUD_LIT * 1.2, 0.40 * streaks)
    pixels = to_pixels(mix(sky, cloud, 0.95 * cover))
    return cv2.merge([*cv2.split(pixels), np.zeros((rows, width), np.uint8)])
