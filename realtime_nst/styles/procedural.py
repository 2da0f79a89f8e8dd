"""Style images that ship with the program, drawn by code.

    python -m realtime_nst.styles.procedural FOLDER [NAME...]

Each is a square of strokes, cuts or tiles with the features by which a style network recognizes an artist's hand: a
palette, a stroke and a direction. The same seed draws the same image.

Every drawing function takes the side of the image in pixels and a random generator, and returns uint8 BGR,
size x size x 3.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from ..errors import StylizeError
from ..frames import Image
from ..media.images import write_image
from .noise import noise

Palette: TypeAlias = list[str]
"""Colours as "#rrggbb"."""


def bgr(colour: str) -> tuple[int, int, int]:
    """Convert "#rrggbb" to (blue, green, red), 0..255."""
    blue, green, red = (int(colour[i : i + 2], 16) for i in (5, 3, 1))
    return blue, green, red


def ramp(values: np.ndarray | float, colours: Palette) -> np.ndarray:
    """Map values 0..1 to colours along a palette, by linear interpolation: float32 BGR, one axis more."""
    values = np.asarray(values, np.float32)
    stops = np.array([bgr(colour) for colour in colours], np.float32)
    at = np.clip(values, 0, 1) * (len(colours) - 1)
    low = np.minimum(at.astype(int), len(colours) - 2)
    share = (at - low)[..., None]
    return stops[low] * (1 - share) + stops[low + 1] * share


def strokes(
    size: int,
    rng: np.random.Generator,
    angle: np.ndarray,
    tone: np.ndarray,
    colours: Palette,
    *,
    length: float,
    width: float,
    count: int,
    bend: float = 1.0,
    vary: float = 0.12,
) -> Image:
    """Draw brush strokes along a field of angles, coarse ones first, each with a light and a dark edge.

    Args:
        size: side of the image in pixels.
        rng: source of randomness.
        angle: direction of the strokes in radians, size x size.
        tone: position in the palette, 0..1, size x size.
        colours: the palette.
        length: length of the finest strokes in pixels.
        width: their mean width in pixels.
        count: number of strokes to draw.
        bend: factor on the angle.
        vary: standard deviation of a stroke's position in the palette.
    """
    canvas = ramp(tone * 0.8, colours).astype(np.uint8)
    for layer, share in ((2.0, 0.2), (1.3, 0.35), (1.0, 0.45)):
        for _ in range(int(count * share)):
            x, y = rng.random(2) * size
            value = tone[int(y), int(x)] + rng.normal(0, vary)
            colour = ramp(value, colours) * rng.uniform(0.86, 1.14)
            points = [(x, y)]
            for _ in range(10):
                row, column = (int(np.clip(v, 0, size - 1)) for v in (y, x))
                turn = angle[row, column] * bend
                x += np.cos(turn) * length * layer / 10
                y += np.sin(turn) * length * layer / 10
                points.append((x, y))
            thick = max(1, round(width * layer * rng.uniform(0.6, 1.3)))
            path = (np.array(points) * 8).astype(np.int32)
            light = np.clip(colour * 1.22 + 10, 0, 255).tolist()
            cv2.polylines(canvas, [path], False, np.clip(colour * 0.8, 0, 255).tolist(), thick + 1, cv2.LINE_AA, 3)
            cv2.polylines(canvas, [path], False, np.clip(colour, 0, 255).tolist(), thick, cv2.LINE_AA, 3)
            if thick > 2:
                cv2.polylines(canvas, [path - 8 * (thick // 4)], False, light, max(1, thick // 4), cv2.LINE_AA, 3)
    return canvas


def vortices(size: int, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Make a field of angles that circles `count` centres over a slow drift.

    Returns:
        The angles in radians, and the nearness to a centre, 0..1; both float32, size x size.
    """
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    across = np.ones_like(x)
    down = 0.5 * np.sin(x * 5 + 2 * noise(size, 3, rng))
    near = np.zeros_like(x)
    for _ in range(count):
        cx, cy, radius = rng.random(), rng.random(), rng.uniform(0.06, 0.2)
        dx, dy = x - cx, y - cy
        distance = np.sqrt(dx**2 + dy**2)
        pull = 5 * np.exp(-((distance / radius) ** 2)) * rng.choice([-1, 1])
        across += -dy / (distance + 1e-3) * pull
        down += dx / (distance + 1e-3) * pull
        near = np.maximum(near, np.exp(-((distance / radius * 1.4) ** 2)))
    return np.arctan2(down, across), near


def night(size: int, rng: np.random.Generator) -> Image:
    """Draw long strokes in blue that circle yellow lights."""
    angle, near = vortices(size, rng, 9)
    tone = 0.75 * near + 0.35 * noise(size, 5, rng)
    palette = ["#0b1a4a", "#14397d", "#2b66b1", "#5f9fd0", "#a8cbd0", "#f0d06a", "#fbe9a0"]
    return strokes(size, rng, angle, tone, palette, length=34, width=4.2, count=9000)


def embers(size: int, rng: np.random.Generator) -> Image:
    """Draw rising strokes, from black over red to yellow."""
    angle = -np.pi / 2 + 1.6 * (noise(size, 4, rng) - 0.5) * 2
    palette = ["#140508", "#4a0d12", "#8f1d14", "#d1451b", "#f08a24", "#fbc857", "#fff0c0"]
    return strokes(size, rng, angle, noise(size, 4, rng, 4), palette, length=44, width=5, count=6500, vary=0.16)


def meadow(size: int, rng: np.random.Generator) -> Image:
    """Draw short upright strokes in green with spots of flowers."""
    angle = -np.pi / 2 + 1.1 * (noise(size, 6, rng) - 0.5) * 2
    palette = ["#1f3d1c", "#3f6b2a", "#7c9a35", "#c9b93c", "#e8d9a0", "#d98ba8", "#8a5fa8", "#f3efe0"]
    return strokes(size, rng, angle, noise(size, 10, rng, 3), palette, length=22, width=3, count=14000, vary=0.2)


def pond(size: int, rng: np.random.Generator) -> Image:
    """Draw broad horizontal strokes in pale blue, green and pink."""
    angle = 0.5 * (noise(size, 3, rng) - 0.5)
    palette = ["#27314f", "#3d5a80", "#5d8a8f", "#88a98a", "#b6a8c9", "#d9b8c8", "#f1e4d8"]
    return strokes(size, rng, angle, noise(size, 4, rng, 4), palette, length=38, width=5, count=8000, vary=0.15)


def dots(size: int, rng: np.random.Generator) -> Image:
    """Draw Pointillism: dots of pure colours, which the eye mixes."""
    canvas = np.full((size, size, 3), bgr("#efe6cf"), np.uint8)
    tone = noise(size, 4, rng, 3)
    palette = ["#1d2f6f", "#2f6f8f", "#3f8f4f", "#d9b43a", "#d96b2f", "#b8324a"]
    for _ in range(26000):
        x, y = rng.random(2) * size
        value = tone[int(y), int(x)] + rng.normal(0, 0.16)
        colour = bgr(palette[int(np.clip(value * len(palette), 0, len(palette) - 1))])
        cv2.circle(canvas, (int(x * 8), int(y * 8)), int(rng.uniform(2.0, 4.2) * 8), colour, -1, cv2.LINE_AA, 3)
    return canvas


def voronoi(size: int, rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Return the Voronoi cells of `count` random points, as int32 polygons."""
    plane = cv2.Subdiv2D((-size, -size, 3 * size, 3 * size))
    for point in rng.random((count, 2)) * size * 1.2 - size * 0.1:
        plane.insert((float(point[0]), float(point[1])))
    return [np.asarray(cell).astype(np.int32) for cell in plane.getVoronoiFacetList([])[0]]


def glass(size: int, rng: np.random.Generator) -> Image:
    """Draw stained glass: glowing panes in black lead."""
    canvas = np.zeros((size, size, 3), np.uint8)
    tone = noise(size, 4, rng, 2)
    palette = ["#0f2a6b", "#1f5fa8", "#1f8f7a", "#e0a81f", "#d9531e", "#a3122a", "#5a1a6b"]
    cells = voronoi(size, rng, 230)
    for cell in cells:
        x, y = np.clip(cell.mean(axis=0), 0, size - 1).astype(int)
        colour = ramp(tone[y, x] + rng.normal(0, 0.2), palette)
        cv2.fillPoly(canvas, [cell], np.clip(colour * rng.uniform(0.8, 1.25), 0, 255).tolist(), cv2.LINE_AA)
    shine = 0.75 + 0.5 * noise(size, 24, rng, 3)[..., None]
    canvas = np.clip(canvas * shine, 0, 255).astype(np.uint8)
    cv2.polylines(canvas, cells, True, bgr("#0a0a0c"), 5, cv2.LINE_AA)
    return canvas


def ink(size: int, rng: np.random.Generator) -> Image:
    """Draw cross-hatching with a pen on warm paper: the darker, the more directions."""
    paper = np.array(bgr("#f3ead8"), np.float32) * (0.96 + 0.06 * noise(size, 64, rng)[..., None])
    canvas = np.clip(paper, 0, 255).astype(np.uint8)
    tone = noise(size, 5, rng, 3)
    for level, angle in ((0.72, 0.6), (0.52, -0.5), (0.34, 1.45), (0.2, 0.05)):
        for offset in np.arange(-size, 2 * size, 6.0):
            along = np.arange(0, 1.5 * size, 3.0)
            px = offset * -np.sin(angle) + along * np.cos(angle) + size / 2 - 0.75 * size * np.cos(angle)
            py = offset * np.cos(angle) + along * np.sin(angle) + size / 2 - 0.75 * size * np.sin(angle)
            px, py = px + rng.normal(0, 0.35, px.shape), py + rng.normal(0, 0.35, py.shape)
            inside = (px >= 0) & (px < size) & (py >= 0) & (py < size)
            dark = np.zeros(px.shape, bool)
            dark[inside] = tone[py[inside].astype(int), px[inside].astype(int)] < level + rng.normal(0, 0.02)
            for run in np.split(np.flatnonzero(dark), np.flatnonzero(np.diff(np.flatnonzero(dark)) > 1) + 1):
                if len(run) > 3:
                    path = (np.stack([px[run], py[run]], axis=1) * 8).astype(np.int32)
                    cv2.polylines(canvas, [path], False, bgr("#1c1a26"), int(rng.integers(1, 3)), cv2.LINE_AA, 3)
    return canvas


def scales(size: int, rng: np.random.Generator) -> Image:
    """Draw seigaiha, the Japanese pattern of waves: rows of overlapping arcs in indigo and foam white."""
    canvas = np.full((size, size, 3), bgr("#16305a"), np.uint8)
    radius = 44
    rings = ["#e9e4d0", "#16305a", "#e9e4d0", "#2f5f8f", "#e9e4d0", "#6f9fb8", "#16305a"]
    for row, y in enumerate(range(0, size + 2 * radius, radius // 2)):
        for x in range(-radius, size + 2 * radius, 2 * radius):
            centre = (x + (radius if row % 2 else 0), y)
            for ring, colour in enumerate(rings):
                shade = np.clip(np.array(bgr(colour), np.float32) * rng.uniform(0.92, 1.08), 0, 255)
                cv2.circle(canvas, centre, round(radius * (1 - ring / len(rings))), shade.tolist(), -1, cv2.LINE_AA)
    grain = 0.9 + 0.2 * noise(size, 80, rng, 2)[..., None]
    return np.clip(canvas * grain, 0, 255).astype(np.uint8)


def cutout(size: int, rng: np.random.Generator) -> Image:
    """Draw a collage: painted paper, cut freehand, in layers."""
    canvas = np.full((size, size, 3), bgr("#f4efe2"), np.uint8)
    palette = ["#d7263d", "#1b5fa8", "#f2b81f", "#1f8f5a", "#111a2e", "#e86fa0", "#f47b20", "#6b3fa0"]
    for number in range(46):
        cx, cy = rng.random(2) * size
        lobes, reach = int(rng.integers(3, 9)), rng.uniform(40, 110)
        turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
        radius = reach * (0.55 + 0.45 * np.sin(lobes * turn + rng.random() * 6) ** 2 + 0.1 * np.sin(2 * turn))
        path = np.stack([cx + radius * np.cos(turn), cy + radius * np.sin(turn) * 0.8], axis=1).astype(np.int32)
        mask = np.zeros((size, size), np.uint8)
        cv2.fillPoly(mask, [path], 255, cv2.LINE_AA)
        brush = 0.93 + 0.14 * cv2.resize(noise(size, 40, rng, 1)[:, : size // 8], (size, size))[..., None]
        paint = np.array(bgr(palette[number % len(palette)]), np.float32) * brush
        alpha = mask[..., None] / 255.0
        canvas = np.clip(canvas * (1 - alpha) + paint * alpha, 0, 255).astype(np.uint8)
    return canvas


def mosaic(size: int, rng: np.random.Generator) -> Image:
    """Draw a mosaic: tesserae along curves, with grout between them."""
    canvas = np.full((size, size, 3), bgr("#3a332c"), np.uint8)
    angle, near = vortices(size, rng, 5)
    tone = 0.6 * near + 0.5 * noise(size, 4, rng, 2)
    palette = ["#12355b", "#1f7a8c", "#bfdbf7", "#e1e5ee", "#e0a458", "#b23a48", "#6b2737"]
    side = 13
    for y in range(side // 2, size + side, side):
        for x in range(side // 2, size + side, side):
            px, py = x + rng.normal(0, 1), y + rng.normal(0, 1)
            row, column = (int(np.clip(v, 0, size - 1)) for v in (py, px))
            colour = ramp(tone[row, column] + rng.normal(0, 0.07), palette) * rng.uniform(0.82, 1.15)
            box = ((float(px), float(py)), (side - 2.5, side - 2.5), float(np.degrees(angle[row, column])))
            cv2.fillPoly(
                canvas, [(cv2.boxPoints(box) * 8).astype(np.int32)], np.clip(colour, 0, 255).tolist(), cv2.LINE_AA, 3
            )
    return canvas


def marble(size: int, rng: np.random.Generator) -> Image:
    """Draw marbled paper: paint floated on water and combed."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    bent = x * 5 + 2.2 * noise(size, 3, rng, 4) + 0.35 * np.sin(y * 40) + 1.4 * noise(size, 5, rng, 2)
    palette = ["#f5efe0", "#b8336a", "#1b2a49", "#e0a030", "#f5efe0", "#2f7f86", "#1b2a49", "#d95d39", "#f5efe0"]
    waves = np.abs((bent * 1.3) % 2 - 1)
    veins = np.exp(-((((bent * 4) % 1 - 0.5) / 0.07) ** 2))[..., None]
    return np.clip(ramp(waves, palette) * (1 - 0.55 * veins), 0, 255).astype(np.uint8)


def blocks(size: int, rng: np.random.Generator) -> Image:
    """Draw circles, bars and quarter rings on a grid, in flat bright colours."""
    canvas = np.full((size, size, 3), bgr("#efe7d6"), np.uint8)
    palette = [bgr(c) for c in ("#d62828", "#003f88", "#fcbf49", "#111111", "#efe7d6", "#2a9d8f")]
    side = size // 8
    for y in range(0, size, side):
        for x in range(0, size, side):
            back, front, dot = (palette[i] for i in rng.permutation(len(palette))[:3])
            tile = np.full((side, side, 3), back, np.uint8)
            corner = (int(rng.integers(0, 2)) * side, int(rng.integers(0, 2)) * side)
            kind = rng.integers(0, 4)
            if kind == 0:
                cv2.circle(tile, corner, side, front, -1, cv2.LINE_AA)
                cv2.circle(tile, corner, side // 2, dot, -1, cv2.LINE_AA)
            elif kind == 1:
                cv2.circle(tile, (side // 2, side // 2), side * 2 // 5, front, -1, cv2.LINE_AA)
                cv2.circle(tile, (side // 2, side // 2), side // 6, dot, -1, cv2.LINE_AA)
            elif kind == 2:
                for bar in range(0, side, side // 4):
                    cv2.rectangle(tile, (bar, 0), (bar + side // 8, side), front, -1)
            else:
                cv2.fillPoly(tile, [np.array([[0, 0], [side, 0], [0, side]], np.int32)], front, cv2.LINE_AA)
            canvas[y : y + side, x : x + side] = tile
    return canvas


def woodcut(size: int, rng: np.random.Generator) -> Image:
    """Draw a woodcut: gouge marks in black that swell and thin along the grain."""
    angle, near = vortices(size, rng, 4)
    canvas = np.full((size, size, 3), bgr("#15120f"), np.uint8)
    tone = 0.5 * near + 0.7 * noise(size, 4, rng, 3)
    for _ in range(5200):
        x, y = rng.random(2) * size
        bright = tone[int(y), int(x)]
        if rng.random() > bright + 0.1:
            continue
        points = []
        for _ in range(12):
            row, column = (int(np.clip(v, 0, size - 1)) for v in (y, x))
            points.append((x, y))
            x, y = x + 3 * np.cos(angle[row, column]), y + 3 * np.sin(angle[row, column])
        paper = bgr("#efe3c8") if bright < 0.75 else bgr("#d9a441")
        for number, (a, b) in enumerate(pairwise(points)):
            thick = max(1, round((1 + 4 * bright) * np.sin(np.pi * (number + 1) / len(points))))
            (x0, y0), (x1, y1) = ((np.array(p) * 8).astype(np.int32).tolist() for p in (a, b))
            cv2.line(canvas, (x0, y0), (x1, y1), paper, thick, cv2.LINE_AA, 3)
    return canvas


DRAWN: dict[str, Callable[[int, np.random.Generator], Image]] = {
    "night": night,
    "embers": embers,
    "meadow": meadow,
    "pond": pond,
    "dots": dots,
    "glass": glass,
    "ink": ink,
    "scales": scales,
    "cutout": cutout,
    "mosaic": mosaic,
    "marble": marble,
    "blocks": blocks,
    "woodcut": woodcut,
}
"""The drawing functions, by the name of the style."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the developer's command above. Bad input ends it with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m realtime_nst.styles.procedural", description="Draw the named styles, or all, into FOLDER."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="An existing folder.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"Of {', '.join(DRAWN)}.")
    parser.add_argument("--size", type=int, default=640, help="Side in pixels. Default: 640.")
    parser.add_argument("--seed", type=int, default=7, help="Default: 7.")
    parser.add_argument(
        "--quality", type=int, choices=range(1, 101), metavar="1..100", default=85, help="Of the JPEG. Default: 85."
    )
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in DRAWN]
    if unknown:
        parser.error(f"there is no style {unknown[0]!r} to draw; choose from {', '.join(DRAWN)}")
    try:
        for name in given.names or DRAWN:
            image = DRAWN[name](given.size, np.random.default_rng(given.seed))
            print(write_image(given.folder / f"{name}.jpg", image, given.quality))
    except StylizeError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
