"""Mountains, wooded hills and a far shore, each paler with distance."""

from __future__ import annotations

import numpy as np

from .brush import Brush
from .layers import make_layer, over
from .light import linear, mix, smoothstep, to_pixels
from .noise import Noise
from .sky import HORIZON

TOP = 0.24
"""Highest row of the land, in frame heights."""
HAZE = linear(206, 208, 214)


def land(noise: Noise, rng: np.random.Generator, height: int, width: int, samples: int) -> np.ndarray:
    """The land between TOP and HORIZON as a layer for a frame of height x width pixels."""
    first, last = round(TOP * height), round(HORIZON * height)
    y, x = np.mgrid[first:last, :width].astype(np.float32)
    y = (y + 0.5) / np.float32(height)
    x = (x + 0.5 - width / 2) / np.float32(height)
    pixel = 1 / height

    def ridge(base: float, swell: float, pitch: float, seed: float, rough: float) -> np.ndarray:
        line = noise(x[:1] * pitch + seed, 0 * x[:1] + seed, 5, rough, pixel * pitch)
        return base - swell * (line - 0.5) * 2

    mountain_top = ridge(0.400, 0.060, 2.3, 11.0, 0.5) - 0.06 * np.exp(-(((x[:1] + 0.30) / 0.22) ** 2))
    hill_top = ridge(0.472, 0.030, 1.7, 31.0, 0.45) - 0.03 * np.exp(-(((x[:1] - 0.55) / 0.35) ** 2))
    shore_top = (
        ridge(0.522, 0.012, 2.8, 51.0, 0.5)
        - 0.055 * smoothstep(-0.25, -0.62, x[:1])
        - 0.02 * smoothstep(0.2, 0.7, x[:1])
    )

    # Mountains: spurs and gullies run down the slopes, the sun comes from the left.
    down = y - mountain_top

    def relief(shift: float) -> np.ndarray:
        u, v = (x + shift) * 5.0, down * 7.0 + 1.2 * x
        bend = noise(u * 0.7, v * 0.7 + 5, 2, 0.5, pixel * 5) - 0.5
        folds = noise(u + 1.3 * bend + 2.2 * down, v * 0.55 + bend, 5, 0.55, pixel * 5)
        return 1 - np.abs(2 * folds - 1)

    rock = relief(0.0)
    crags = noise(x * 26 + 6 * down, down * 40, 4, 0.65, pixel * 40)
    crags_left = noise((x - 0.006) * 26 + 6 * down, (down - 0.004) * 40, 4, 0.65, pixel * 40)
    lit = np.clip(0.50 + 2.2 * (rock - relief(-0.012)) + 0.8 * (crags - crags_left), 0, 1)
    stone = mix(linear(82, 92, 120), linear(208, 186, 160), lit)
    snow = smoothstep(0.055, 0.0, down + 0.12 * (rock - 0.5)) * smoothstep(0.395, 0.345, mountain_top)
    stone = mix(stone, mix(linear(164, 180, 214), linear(255, 248, 240), lit), 0.85 * snow)
    woods = smoothstep(0.05, 0.14, down + 0.10 * (rock - 0.5))
    stone = mix(stone, mix(linear(52, 76, 84), linear(112, 124, 92), lit), 0.8 * woods)
    picture = mix(stone, HAZE, 0.26 + 0.30 * smoothstep(0.02, 0.16, down))
    alpha = smoothstep(-0.5 * pixel, 0.5 * pixel, down)

    for top, cell, dark, light_, haze, fields in (
        (hill_top, 46, linear(38, 66, 56), linear(132, 146, 84), 0.30, 0.75),
        (shore_top, 30, linear(16, 34, 24), linear(84, 96, 44), 0.08, 0.0),
    ):
        down = y - top
        # Crowns of trees are lit from above on the left.
        row = down * 1.6
        leaves = noise(x * cell, row * cell, 3, 0.7, pixel * cell)
        above = noise((x - 0.2 / cell) * cell, (row - 0.28 / cell) * cell, 3, 0.7, pixel * cell)
        slope = noise(x * 4 + 7, down * 7, 3, 0.5, pixel * 7)
        lit = np.clip(0.42 + 1.7 * (leaves - above) + 1.1 * (slope - 0.5), 0, 1)
        woods = mix(dark, light_, lit * (0.35 + 0.65 * smoothstep(0.12, 0.0, down)))
        autumn = smoothstep(0.60, 0.78, noise(x * 11 + 40, row * 11, 2, 0.6, pixel * 11))
        woods = mix(woods, linear(190, 112, 44) * (0.25 + lit), 0.75 * autumn)
        meadow = fields * smoothstep(0.55, 0.64, noise(x * 3.4 + 60, down * 15, 2, 0.4)) * smoothstep(0.0, 0.015, down)
        woods = mix(woods, mix(linear(120, 138, 62), linear(206, 188, 104), slope), meadow)
        woods = mix(woods, HAZE, haze * (0.7 + 0.5 * smoothstep(0.0, 0.06, down)))
        share = smoothstep(-0.6 * pixel, 0.6 * pixel, down)
        picture, alpha = mix(picture, woods, share), np.maximum(alpha, share)
    # A strip of sand and reeds where the land meets the water.
    edge = (HORIZON - 0.007) + 0.004 * (noise(x * 9, 0 * x + 3, 3) - 0.5)
    picture = mix(picture, linear(196, 176, 132) * (0.4 + 0.9 * leaves), 0.8 * smoothstep(-0.003, 0.001, y - edge))
    layer = make_layer(to_pixels(picture), alpha)
    trees = _trees(rng, shore_top[0], height, width, last - first, samples)
    leaves = 0.55 + 0.9 * noise(x * 110, y * 110, 2, 0.7, pixel * 110)
    trees[..., :3] = np.minimum(trees[..., :3] * leaves[..., None], 255 - trees[..., 3:])
    return over(layer, trees)


def _trees(rng: np.random.Generator, top: np.ndarray, height: int, width: int, rows: int, samples: int) -> np.ndarray:
    """Broad-leaved trees and firs on the far shore, whose ground begins at `top` (frame heights, 1 x width)."""
    brush = Brush((width / height, rows / height), height, samples)
    # The same trees whatever the frame's width: they are counted from its middle.
    count, reach = 520, 1.6
    for k in range(count):
        place, depth, kind, tone, size = rng.uniform(-reach, reach), k / count, rng.random(), rng.random(), rng.random()
        shape = rng.normal(0, 1, (15, 2))
        x = place + width / 2 / height
        column = int(x * height)
        if not -0.05 * height <= column < width + 0.05 * height:
            continue
        crest = float(top[min(max(column, 0), width - 1)])
        y = crest + depth * (HORIZON - 0.006 - crest) - TOP
        tall = (0.019 + 0.020 * size) * (0.75 + 0.6 * depth)
        bright = 0.60 + 0.36 * depth
        if kind < 0.30:
            _fir(brush, x, y, 1.35 * tall, shape, np.array([46, 66, 42]) * bright)
        else:
            colours = ((46, 92, 72), (56, 116, 108), (48, 88, 146), (52, 126, 158))
            _crown(brush, x, y, tall, shape, np.array(colours[int(4 * tone**1.5)]) * bright)
    return brush.layer()


def _crown(brush: Brush, x: float, y: float, tall: float, shape: np.ndarray, colour: np.ndarray) -> None:
    """Draw a round tree: clumps of leaves, dark beneath and lit on the left."""
    middle = np.array([x, y - 0.55 * tall])
    clumps = middle + shape * [0.20 * tall, 0.17 * tall]
    for shade, shift, size in ((0.40, 0.05, 0.26), (0.62, -0.01, 0.20), (0.90, -0.06, 0.13), (1.20, -0.10, 0.06)):
        brush.discs(clumps + [0.8 * shift * tall, shift * tall], size * tall, colour * shade)


def _fir(brush: Brush, x: float, y: float, tall: float, shape: np.ndarray, colour: np.ndarray) -> None:
    """Draw a fir: tiers of branches."""
    for k, (jitter, _) in enumerate(shape[:6]):
        low, half = y - tall * 0.16 * k, tall * (0.24 - 0.036 * k) * (1 + 0.12 * jitter)
        tip = (x, low - 0.34 * tall)
        brush.fill(np.array([(x - half, low), tip, (x + half, low)]), colour * 0.6)
        brush.fill(np.array([(x - half, low), tip, (x - 0.1 * half, low)]), colour * 1.25)
