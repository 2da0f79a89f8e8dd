"""Shoulders in a wool coat, and a knitted scarf around the neck. Units are those of the head."""

from __future__ import annotations

import numpy as np

from ..light import linear, mix, smoothstep
from ..noise import Noise
from .solids import Ellipsoid, bodies, rotation

STANCE = rotation(yaw=0.12)

TORSO = [
    (Ellipsoid((0, -2.95, -0.42), (1.62, 1.30, 0.78)), 0.0),
    (Ellipsoid((-1.40, -2.92, -0.42), (0.52, 0.90, 0.56), roll=-0.16), 0.45),
    (Ellipsoid((1.40, -2.92, -0.42), (0.52, 0.90, 0.56), roll=0.16), 0.45),
    (Ellipsoid((0, -3.05, 0.02), (1.15, 1.15, 0.62)), 0.3),
]
LAPEL = np.array([(-3.6, 0.02), (-2.52, 0.74), (-2.44, 0.64), (-2.34, 0.98), (-1.80, 0.80)], np.float32)
"""Edge of the lapels: y, and the distance from the middle."""
SCARF = [
    (Ellipsoid((0.02, -1.86, 0.00), (0.90, 0.36, 0.68), roll=0.04), 0.0),
    (Ellipsoid((0.0, -1.46, -0.08), (0.68, 0.30, 0.54), roll=-0.10), 0.10),
    (Ellipsoid((-0.44, -2.62, 0.50), (0.24, 0.74, 0.17), roll=-0.08, pitch=-0.10), 0.06),
]
WOOL, LINING = linear(150, 44, 34), linear(94, 24, 24)
KNIT, STRIPE = linear(226, 190, 112), linear(66, 96, 112)


class Coat:
    """The coat's surface at view coordinates x, y."""

    def __init__(self, x: np.ndarray, y: np.ndarray, noise: Noise, pixel: float) -> None:
        base = bodies(x, y, STANCE, TORSO)
        side = np.abs(x)
        # Folds fall from the shoulders towards the armpits.
        bend = noise(x * 0.8 + 20, y * 0.8, 2, 0.5) - 0.5
        down = side * 0.75 + y * 0.65 + 0.9 * bend
        strength = noise(x * 1.3 + 5, y * 1.3, 2, 0.5)
        folds = (0.5 + 0.5 * np.sin(down * 8.0 + 2.0 * (x > 0))) ** 2 * smoothstep(0.35, 0.75, strength)
        calm = smoothstep(0.45, 1.2, side) * smoothstep(-1.75, -2.35, y)
        weave = noise(x * 34, y * 34, 2, 0.8, pixel * 34) - 0.5
        nap = noise(x * 9, y * 9, 3, 0.7, pixel * 9) - 0.5
        opening = np.exp(-0.5 * ((x + 0.04 + 0.04 * y) / 0.022) ** 2)
        sleeve = np.exp(-0.5 * ((side - 1.22 + 0.10 * (y + 2.6) ** 2) / 0.022) ** 2) * smoothstep(-2.15, -2.4, y)
        self.height = base - 0.24 * folds * calm + 0.005 * weave + 0.012 * nap - 0.05 * opening - 0.05 * sleeve
        edge = np.interp(y[:, :1], LAPEL[:, 0], LAPEL[:, 1]).astype(np.float32) - side
        self._collar = smoothstep(-0.012, 0.012, edge)
        self.height += 0.075 * self._collar * smoothstep(0.5, 0.0, edge)
        button = np.hypot(x - 0.20 - 0.04 * y, (y + 2.86 + 0.06 * x)) / 0.085
        self._button = smoothstep(1.05, 0.95, button)
        self.height += 0.06 * self._button * (1 - 0.5 * np.exp(-0.5 * ((button - 0.6) / 0.15) ** 2))
        self._tones = (weave, nap, folds * calm)

    def colours(self) -> np.ndarray:
        """Albedo, linear BGR 3 x H x W."""
        weave, nap, folds = self._tones
        tone = 1 + 0.30 * weave + 0.40 * nap - 0.25 * folds
        cloth = mix(WOOL, LINING, 0.6 * self._collar) * tone
        return mix(cloth, linear(70, 46, 32), self._button)


class Scarf:
    """The scarf's surface at view coordinates x, y."""

    def __init__(self, x: np.ndarray, y: np.ndarray, noise: Noise, pixel: float) -> None:
        base = bodies(x, y, STANCE, SCARF)
        bend = noise(x * 1.3, y * 1.3 + 40, 2, 0.5) - 0.5
        hangs = smoothstep(-2.12, -2.25, y)
        along = x * (1 - hangs) + y * hangs
        across = y * (1 - hangs) + x * hangs
        gathers = noise(along * 0.8 + 3 * bend, across * 4.6 + 1.1 * bend + 0.35 * along, 2, 0.5) - 0.5
        ribs = np.cos(2 * np.pi * (along * 21 + 1.6 * bend + 2.0 * gathers))
        stitch = noise(x * 24, y * 24, 2, 0.7, pixel * 24) - 0.5
        self.height = base + 0.006 * ribs + 0.010 * stitch + 0.34 * gathers * (1 - 0.6 * hangs)
        # The fringe at the end.
        self.height -= 0.5 * smoothstep(-3.0, -3.2, y) * smoothstep(0.4, 0.6, 0.5 + 0.5 * np.cos(x * 60))
        band = smoothstep(0.05, 0.03, np.abs((y + 2.62) % 0.26 - 0.13)) * hangs
        self._tones = (ribs, stitch, gathers, band)

    def colours(self) -> np.ndarray:
        """Albedo, linear BGR 3 x H x W."""
        ribs, stitch, gathers, band = self._tones
        tone = 0.95 + 0.10 * ribs + 0.3 * stitch + 0.35 * gathers
        return mix(KNIT, STRIPE, 0.85 * band) * tone
