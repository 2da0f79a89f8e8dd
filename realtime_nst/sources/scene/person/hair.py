"""Shoulder-length hair, parted at one side: its volume, its strands and their shine."""

from __future__ import annotations

import numpy as np

from ..light import SUN, linear, mix, smoothstep
from ..noise import Noise
from .head import TURN
from .solids import Ellipsoid, bodies

MASS = [
    (Ellipsoid((0, 0.24, -0.12), (0.79, 0.86, 0.92)), 0.0),
    (Ellipsoid((0, -0.45, -0.42), (0.80, 1.05, 0.45)), 0.35),
    (Ellipsoid((-0.62, -0.50, 0.02), (0.22, 0.90, 0.40), roll=-0.05), 0.30),
    (Ellipsoid((0.62, -0.50, 0.02), (0.22, 0.90, 0.40), roll=0.05), 0.30),
]
PART = -0.20
"""Where the hair is parted, x in the head's coordinates."""
ROOTS, TIPS = linear(40, 22, 15), linear(122, 70, 38)


class Hair:
    """Hair over a head at view coordinates x, y (float32 H x W; y up)."""

    def __init__(self, x: np.ndarray, y: np.ndarray, noise: Noise, pixel: float) -> None:
        base = bodies(x, y, TURN, MASS)
        deep = np.maximum(base, -0.5)
        u, v, w = (TURN[0, k] * x + TURN[1, k] * y + TURN[2, k] * deep for k in range(3))
        wave = noise(u * 1.6, v * 1.6 + 7, 2, 0.5) - 0.5
        # Strands run around the face's opening and hang down beside it: `across` tells them apart,
        # `along` is the way from the parting.
        # They are followed over an even dome, because locks that stand out would bend them into rings.
        dome = 0.8 * np.sqrt(np.maximum(1 - (x / 1.05) ** 2 - ((y - 0.2) / 1.7) ** 2, 0.02))
        dx = (TURN[0, 0] * x + TURN[1, 0] * y + TURN[2, 0] * dome - PART) / 0.86
        dy = np.maximum(TURN[0, 1] * x + TURN[1, 1] * y + TURN[2, 1] * dome + 0.20, 0)
        right = (dx > 0).astype(np.float32)
        across = np.sqrt(dx * dx + 0.72 * dy * dy) + 0.05 * wave * smoothstep(0.8, -0.6, v)
        across += 0.035 * np.sin(7.5 * v + 3 * wave + 3 * right) * smoothstep(0.5, -0.5, v)
        across += 3.0 * right
        along = np.arctan2(dx, dy + 0.15) - np.minimum(v + 0.2, 0) * 1.3 * np.sign(dx)
        locks = noise(across * 7, along * 0.6, 2, 0.6, pixel * 8) - 0.5
        strands = noise(across * 26, along * 0.9, 2, 0.7, pixel * 26) - 0.5
        fine = noise(across * 70, along * 1.5, 2, 0.8, pixel * 62) - 0.5
        inner = ((u - 0.03) / (0.575 + 0.05 * wave)) ** 2 + np.maximum(
            (v + 0.25 + 0.32 * np.abs(0.86 * dx)) / 0.93, 0
        ) ** 2
        fringe = np.sqrt(inner) - 1 + 0.13 * locks + 0.05 * strands
        face = smoothstep(0.05, -0.03, fringe) * smoothstep(-0.1, 0.15, w)
        volume = 0.08 * smoothstep(0.0, 0.5, fringe)
        self.height = base + volume + 0.13 * locks + 0.045 * strands + 0.016 * fine - 1.2 * face
        part = np.exp(-0.5 * ((0.86 * dx) / 0.016) ** 2) * smoothstep(0.25, 0.5, v)
        self.height -= 0.06 * part
        self.edge = base + 0.22 * locks + 0.10 * strands
        # Single hairs lie over the skin beside the hairline.
        self.veil = (
            0.85
            * smoothstep(-0.16, 0.02, fringe)
            * smoothstep(0.5, 0.62, 0.55 + 0.5 * strands + 0.3 * fine + 0.5 * fringe)
        )
        self._tones = (locks, strands, fine, part, across, v)
        self._pixel = pixel

    def colours(self) -> np.ndarray:
        """Albedo of the hair, linear BGR 3 x H x W."""
        locks, strands, fine, part, _, v = self._tones
        tone = np.clip(0.36 + 0.55 * locks + 1.0 * strands + 1.2 * fine + 0.22 * smoothstep(0.3, -1.2, v), 0, 1.3)
        return mix(mix(ROOTS, TIPS, tone), linear(196, 140, 110), 0.45 * part)

    def shine(self, nx: np.ndarray, ny: np.ndarray, nz: np.ndarray) -> np.ndarray:
        """Highlights along the strands, H x W (Kajiya and Kay 1989, with the half vector)."""
        locks, strands, fine, _, across, _ = self._tones
        gy, gx = np.gradient(across)
        gx = np.clip(gx, -0.1, 0.1)
        length = np.hypot(gx, gy) + 1e-5
        tx, ty = -gy / length, -gx / length
        tz = -(tx * nx + ty * ny) / np.maximum(nz, 0.25)
        size = 1 / np.sqrt(1 + tz * tz)
        half = SUN + np.array([0, 0, 1], np.float32)
        half = half / np.linalg.norm(half)
        dot = (tx * half[0] + ty * half[1] + tz * half[2]) * size + 0.35 * strands + 0.25 * fine + 0.2 * locks
        return np.clip(1 - dot * dot, 0, 1) ** 14 * smoothstep(-0.2, 0.5, nx * SUN[0] + ny * SUN[1] + nz * SUN[2])


def stray_hairs(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Curves that leave the hair's outline, each float32 points x 2 in view coordinates."""
    curves = []
    for _ in range(count):
        start, side = rng.uniform(0.15, 1.45), rng.choice([-1, 1])
        t = np.linspace(0, rng.uniform(0.3, 0.8), 14)
        away = 1.0 + rng.uniform(-0.02, 0.03) + rng.uniform(0.0, 0.10) * (t / t[-1]) ** 2
        angle = np.minimum(start + t, np.pi / 2)
        fall = np.maximum(start + t - np.pi / 2, 0)
        x = side * (0.97 * np.sin(angle) * away + 0.03 * np.sin(9 * fall + 6 * start)) + 0.04
        y = 0.24 + 0.90 * np.cos(angle) * away - 0.85 * fall
        curves.append(np.stack([x, y], axis=-1).astype(np.float32))
    return curves
