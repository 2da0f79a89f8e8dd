"""What grows near the viewer: a tree's trunk and boughs on the left, grass, reeds and flowers below it.

Lengths are in frame heights; x is counted from the frame's left border and y from the top.
"""

from __future__ import annotations

import numpy as np

from .brush import Brush
from .layers import Fields, MovingLayer, StillLayer, make_layer
from .light import SKYLIGHT, SUN, SUNLIGHT, cavity, linear, mix, normals, smoothstep, to_pixels
from .noise import Noise

TRUNK = 0.13
"""Width of the trunk's layer."""
BOUGHS = (0.51, 0.32)
"""Width and height of the boughs' layer."""
BANK = 0.30
"""Height of the bank's layer."""
SWAYS = 0.20
"""Height of the part of it that moves."""


def trunk(noise: Noise, height: int) -> np.ndarray:
    """A trunk with ridged bark as a layer of the frame's height, TRUNK wide."""
    y, x = np.mgrid[:height, : max(round(TRUNK * height), 1)].astype(np.float32) / np.float32(height)
    pixel = 1 / height
    middle = 0.040 + 0.018 * np.sin(2.4 * y + 0.4) + 0.012 * (noise(y * 2 + 3, 0 * y, 2) - 0.5)
    radius = 0.050 + 0.030 * smoothstep(0.78, 1.02, y) + 0.012 * smoothstep(0.25, 0.0, y)
    across = (x - middle) / radius
    # Bark wraps around: ridges crowd towards the edges.
    around = np.arcsin(np.clip(across, -1, 1))
    bend = noise(around * 1.2 + 5, y * 5, 2) - 0.5
    ridges = np.abs(noise(around * 4.6 + 1.6 * bend, y * 9 + bend, 4, 0.6, pixel * 40) - 0.5) * 2
    grain = noise(around * 14 + bend, y * 60, 3, 0.7, pixel * 60)
    height_field = (
        radius * np.sqrt(np.clip(1 - across * across, 0, 1)) + 0.016 * np.minimum(ridges * 1.6, 1) + 0.003 * grain
    )
    nx, ny, nz = normals(height_field, pixel)
    open_ = cavity(height_field, pixel, 0.012, 0.010)
    sun = np.clip(nx * SUN[0] + ny * SUN[1] + nz * SUN[2], 0, 1) * (0.5 + 0.5 * open_)
    leaves = smoothstep(0.40, 0.58, noise(x * 9 + 2, y * 7, 3, 0.6, pixel * 9))
    bark = mix(linear(58, 44, 36), linear(150, 122, 98), np.clip(0.2 + 0.9 * ridges + 0.5 * (grain - 0.5), 0, 1))
    moss = smoothstep(0.52, 0.66, noise(x * 12, y * 6 + 9, 3)) * smoothstep(0.2, -0.6, across) * smoothstep(0.2, 0.7, y)
    bark = mix(bark, linear(92, 104, 44), 0.75 * moss)
    light = SUNLIGHT * sun * (0.25 + 0.75 * leaves) + SKYLIGHT * (0.5 + 0.5 * nx * 0.4) * open_
    edge = np.abs(across) - 1 + 0.05 * (grain - 0.5)
    return make_layer(to_pixels(bark * light), smoothstep(0.6 * pixel, -0.6 * pixel, edge * radius))


class Boughs:
    """Boughs with leaves that hang into the upper left of a frame of height x width pixels and move in the wind."""

    def __init__(self, rng: np.random.Generator, height: int, width: int, samples: int) -> None:
        brush = Brush(BOUGHS, height, samples)
        twigs = [
            _twig(rng, np.array(start), angle, length)
            for start, angle, length in (
                ((0.05, 0.020), 0.12, 0.44), ((0.05, 0.07), 0.42, 0.34), ((0.02, 0.00), -0.04, 0.50),
                ((0.05, 0.13), 0.75, 0.24), ((0.04, 0.03), 0.30, 0.30), ((0.15, -0.02), 0.05, 0.40),
            )
        ]  # fmt: skip
        leaves = []
        for points in twigs:
            for k in range(len(points) - 1):
                brush.line(points[k : k + 2], (38, 48, 62), 0.010 * (1 - k / len(points)) + 0.0015)
            for _ in range(80):
                k = len(points) * rng.random() ** 0.8
                at = points[min(int(k), len(points) - 1)] + rng.normal(0, 0.016, 2) + [0, 0.010]
                if at[0] > BOUGHS[0] - 0.045 or at[1] > BOUGHS[1] - 0.045:
                    continue
                leaves.append((at, rng.normal(1.25, 0.75), rng.uniform(0.022, 0.040), rng.random()))
        for index, (at, angle, length, tone) in enumerate(leaves):
            _leaf(brush, rng, at, angle, length, tone, index / len(leaves))
        self._layer = MovingLayer([brush.layer()], 0, 0, (height, width), _wind(height, (0.02, 0.03), 0.5))

    def draw(self, canvas: np.ndarray, time: float) -> None:
        """Lay the boughs over the frame `canvas`, uint8 H x W x 4."""
        self._layer.draw(canvas, _gusts(time))


def _gusts(time: float) -> np.ndarray:
    """Weights of the fields of _wind: two waves, whose strength comes and goes."""
    strength = 0.65 + 0.35 * np.sin(0.37 * time) * np.sin(0.23 * time + 1)
    waves = [(1, np.cos(1.9 * time)), (1, np.sin(1.9 * time)), (0.5, np.cos(4.3 * time)), (0.5, np.sin(4.3 * time))]
    return np.array([strength * amplitude * wave for amplitude, wave in waves])


def _wind(height: int, anchor: tuple[float, float], reach: float) -> Fields:
    """Displacements by two travelling waves, which grow with the distance from `anchor`."""

    def fields(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x, y = x / height, y / height
        weight = height * np.minimum(np.hypot(x - anchor[0], y - anchor[1]) / reach, 1.2) ** 1.4
        waves = []
        for pitch, dx, dy in ((7.0, 0.006, 0.010), (26.0, 0.003, 0.004)):
            phase = pitch * (x + 0.6 * y)
            for wave in (np.cos, np.sin):
                waves.append(np.stack([dx * weight * wave(phase + 0.7), dy * weight * wave(phase)], axis=-1))
        return np.stack(waves)

    return fields


def _twig(rng: np.random.Generator, start: np.ndarray, angle: float, length: float) -> np.ndarray:
    """Points of a twig that bends down under its weight."""
    steps = 14
    points = [start]
    for _ in range(steps):
        points.append(points[-1] + length / steps * np.array([np.cos(angle), np.sin(angle)]))
        angle += 0.045 + rng.normal(0, 0.10)
    return np.array(points)


def _leaf(
    brush: Brush, rng: np.random.Generator, at: np.ndarray, angle: float, length: float, tone: float, near: float
) -> None:
    """Draw a leaf with a lit and a shaded half, the brighter the nearer (0..1) it is."""
    t = np.linspace(0, 1, 7)
    half = 0.26 * length * np.sin(np.pi * t**0.8) * rng.uniform(0.6, 1.1)
    along = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-along[1], along[0]])
    rib = at + np.outer(t * length, along) + np.outer(0.10 * length * t * t, (0, 1))
    colour = np.array((34, 118, 74) if tone < 0.55 else (38, 160, 150) if tone < 0.86 else (40, 120, 206))
    colour = colour * (0.40 + 0.60 * near) * rng.uniform(0.75, 1.2)
    for sign, shade in ((1, 0.72), (-1, 1.15)):
        brush.fill(np.vstack([rib, (rib + sign * half[:, None] * side)[::-1]]), colour * shade)
    brush.line(rib, colour * 1.35 + 12, 0.0012)


class Bank:
    """The near bank in the lower left: grass, and reeds and flowers that bend in the wind.

    Args:
        reach: How far the bank extends from the left border, in frame heights.
    """

    def __init__(self, rng: np.random.Generator, height: int, width: int, reach: float, samples: int) -> None:
        brush = Brush((reach, BANK), height, samples)
        x = np.linspace(0, reach, 60)
        ground = BANK - 0.115 + 0.10 * (x / reach) ** 2.5 + 0.006 * np.sin(31 * x)
        brush.fill(np.vstack([np.stack([x, ground], 1), [(reach, 2), (0, 2)]]), (24, 50, 44))
        blades = int(1500 * reach)
        for k in range(blades):
            depth = k / blades
            at = rng.random() * reach
            y = np.interp(at, x, ground) + depth * 0.14 + 0.004
            tall = rng.uniform(0.03, 0.075) * (1 + 0.4 * depth)
            _blade(brush, rng, at, y, tall, 0.0028 * (1 + depth), rng.uniform(0.35, 0.65) + 0.45 * depth)
            if k % 61 == 0:
                _reed(brush, rng, at, y)
            if k % 19 == 0:
                _flower(brush, rng, at, y - tall * 0.9)
        layer = brush.layer()
        split = round(SWAYS * height)
        top = height - len(layer)
        self._moving = MovingLayer([layer[:split]], top, 0, (height, width), _bend(height))
        self.still = StillLayer(layer[split:], top + split, 0, (height, width))
        """The lower part, which does not move."""

    def draw(self, canvas: np.ndarray, time: float) -> None:
        """Lay the moving part over the frame `canvas`, uint8 H x W x 4."""
        self._moving.draw(canvas, _gusts(time + 1.3))


def _bend(height: int) -> Fields:
    """The wind's displacements, which grow with the height above the ground."""
    wind = _wind(height, (-0.5, 0.3), 0.5)

    def fields(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        lift = np.clip(1 - y / (SWAYS * height), 0, 1)[..., None] ** 1.3
        return wind(x, y) * lift * np.array([1.4, 0.2], np.float32)

    return fields


def _blade(
    brush: Brush, rng: np.random.Generator, x: float, y: float, tall: float, thick: float, bright: float
) -> None:
    """Draw a blade of grass that stands at x, y."""
    lean = rng.normal(0.15, 0.35) * tall
    t = np.linspace(0, 1, 5)
    rib = np.stack([x + lean * t**2, y - tall * t * (1 - 0.12 * t)], axis=1)
    half = (thick / 2 * (1 - t))[:, None] * [1, 0]
    warm = rng.random()
    colour = np.array([40 + 20 * warm, 132 + 22 * warm, 84 + 96 * warm]) * bright
    right = (rib + half)[::-1]
    brush.fill(np.concatenate([rib - half, right]), colour)
    brush.fill(np.concatenate([rib, right]), colour * 0.6)


def _reed(brush: Brush, rng: np.random.Generator, x: float, y: float) -> None:
    """Draw a reed mace that stands at x, y."""
    tall, lean = rng.uniform(0.10, 0.19), rng.normal(0.01, 0.02)
    t = np.linspace(0, 1, 6)
    stem = np.stack([x + lean * t**2, y - tall * t], axis=1)
    brush.line(stem, (64, 118, 122), 0.003)
    head = stem[-1] + np.outer(np.linspace(0, 0.030, 3), (0.1, -1))
    brush.line(head, (34, 52, 92), 0.009)
    brush.line(head - [0.0018, 0], (66, 96, 150), 0.0035)


def _flower(brush: Brush, rng: np.random.Generator, x: float, y: float) -> None:
    """Draw a flower of six petals at x, y."""
    colour = np.array(((236, 240, 246), (60, 190, 250), (200, 96, 150), (92, 92, 226))[rng.integers(4)])
    size = rng.uniform(0.004, 0.0065)
    for k in range(6):
        angle = k * np.pi / 3 + rng.normal(0, 0.2)
        petal = np.array([[x, y]]) + size * np.array([np.cos(angle), 0.75 * np.sin(angle)])
        brush.discs(petal, 0.62 * size, colour * (1.0 if np.sin(angle) < 0 else 0.72))
    brush.discs(np.array([[x, y]]), 0.5 * size, (40, 150, 220))
