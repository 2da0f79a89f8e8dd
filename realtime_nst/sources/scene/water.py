"""A lake that mirrors what is behind it, with waves that travel.

Waves of one temporal frequency share two fixed fields, A cos(wt) + B sin(wt), so a frame costs one small product
for the displacements and one remap of the mirror image.
"""

from __future__ import annotations

import cv2
import numpy as np

from .layers import BAND, NO_MAP, Displacement, Fields
from .light import linear, mix, smoothstep
from .noise import Noise
from .sky import HORIZON

GRAVITY = 9.81
EYE = 1.55
"""Height of the eye above the water, in metres."""
WAVELENGTHS = (2.6, 1.3, 0.62, 0.30)
DIRECTIONS = 7
"""Waves for each wavelength, spread around the wind's direction."""
STEEPNESS = 0.036
SHARP = 600
"""Frames of more rows than this have their lake drawn at half size."""
DEEP = linear(22, 58, 62)


class Water:
    """The lake of a frame of height x width pixels, from the horizon's row down.

    behind: What is above the horizon, uint8 BGRx, at least as high as the lake.
    """

    def __init__(self, noise: Noise, rng: np.random.Generator, behind: np.ndarray, height: int, width: int) -> None:
        self.top = round(HORIZON * height)
        # Of a large frame the lake is drawn at half size: its mirror image is soft.
        scale = 2 if height > SHARP else 1
        rows, columns, top = (-(-side // scale) for side in (height - self.top, width, self.top))
        mirrored = cv2.resize(behind[: self.top], (columns, top), interpolation=cv2.INTER_AREA)
        self._mirror = _mirror(noise, mirrored, rows, height / scale)
        self._small = np.empty_like(self._mirror) if scale > 1 else None
        self._omega = np.sqrt(2 * np.pi * GRAVITY / np.array(WAVELENGTHS))
        self._seen = [[slice(None)]] * -(-rows // BAND)
        self._displacement = Displacement(_waves(rng, columns, height / scale), (rows, columns), across=8)

    def hide(self, opaque: np.ndarray) -> None:
        """Leave out what is hidden behind the pixels of `opaque`, bool, the lake's rows x the frame's columns."""
        share = cv2.resize(opaque.astype(np.float32), self._mirror.shape[1::-1], interpolation=cv2.INTER_AREA)
        hidden = cv2.erode(share, np.ones((3, 3), np.uint8)) > 0.999
        self._seen = [_runs(~np.all(hidden[first : first + BAND], axis=0)) for first in range(0, len(hidden), BAND)]

    def draw(self, canvas: np.ndarray, time: float) -> None:
        """Draw the lake into the lower rows of `canvas`, uint8 H x W x 4."""
        phase = np.fmod(self._omega * time, 2 * np.pi)
        lake = canvas[self.top :]
        drawn = lake if self._small is None else self._small
        waves = self._displacement.bands(np.concatenate([np.cos(phase), np.sin(phase)]))
        for (rows, where), seen in zip(waves, self._seen):
            for columns in seen:
                # The nearest pixel of a soft image will do, in less than half of the time.
                cv2.remap(
                    self._mirror, where[:, columns], NO_MAP, cv2.INTER_NEAREST, drawn[rows, columns],
                    borderMode=cv2.BORDER_REPLICATE,
                )  # fmt: skip
        if drawn is not lake:
            cv2.resize(drawn, lake.shape[1::-1], lake, interpolation=cv2.INTER_LINEAR)


def _runs(seen: np.ndarray) -> list[slice]:
    """The runs of true values in a bool vector."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]])))
    return [slice(first, last) for first, last in zip(changes[::2], changes[1::2])]


def _mirror(noise: Noise, behind: np.ndarray, rows: int, height: float) -> np.ndarray:
    """What calm water shows: the mirror image, darker and more of the water's own colour below."""
    mirror = behind[::-1][np.minimum(np.arange(rows), len(behind) - 1)]
    mirror = cv2.GaussianBlur(mirror, (0, 0), sigmaX=max(0.0020 * height, 0.6), sigmaY=max(0.004 * height, 0.6))
    y, x = np.mgrid[:rows, : behind.shape[1]].astype(np.float32) / np.float32(height)
    light = cv2.merge(cv2.split(mirror)[:3]).astype(np.float32).transpose(2, 0, 1)
    light = (light / 255) ** 2.2
    near = smoothstep(0.0, 0.44, y)
    depth = DEEP * (0.8 + 0.5 * noise(x * 5, y * 22, 3))
    light = mix(light * (0.92 - 0.30 * near), depth, 0.10 + 0.38 * near)
    pixels = np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8).transpose(1, 2, 0)
    return cv2.merge([*cv2.split(pixels), np.zeros(pixels.shape[:2], np.uint8)])


def _waves(rng: np.random.Generator, width: int, height: float) -> Fields:
    """Displacements for the cosine and the sine of each wavelength's phase."""
    waves = [
        (index, 2 * np.pi / length, rng.normal(0.25, 0.55), rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.2))
        for index, length in enumerate(WAVELENGTHS)
        for _ in range(DIRECTIONS)
    ]

    def fields(column: np.ndarray, row: np.ndarray) -> np.ndarray:
        x, y = (column - width / 2) / height, np.maximum(row / height, 0.25 / height)
        distance = EYE / (y + 0.004)
        footprint = distance * distance / EYE / height
        total = np.zeros((2, len(WAVELENGTHS), *row.shape, 2), np.float32)
        for index, k, angle, start, strength in waves:
            kx, kz = k * np.sin(angle), k * np.cos(angle)
            phase = (kx * x + kz) * distance + start
            # Waves finer than a pixel's footprint on the water do not show.
            fade = np.exp(-((1.1 * kz * footprint) ** 2) - (1.5 * kx * distance / height) ** 2)
            # A tilt by `slope` turns the mirrored ray by twice that angle.
            slope = height * STEEPNESS * strength * fade / np.sqrt(DIRECTIONS)
            for part, wave in enumerate((np.cos(phase), np.sin(phase))):
                total[part, index, ..., 0] += 0.9 * np.sin(angle) * slope * wave
                total[part, index, ..., 1] += 2.0 * np.cos(angle) * slope * wave
        return total.reshape(2 * len(WAVELENGTHS), *row.shape, 2)

    return fields
