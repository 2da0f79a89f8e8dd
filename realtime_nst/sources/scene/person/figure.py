"""A person seen from the shoulders up, shaded once for each position of the eyelids."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..layers import make_layer
from ..light import BOUNCE, SKYLIGHT, SUN, SUNLIGHT, cast_shadow, cavity, mix, normals, smoothstep, to_pixels
from ..noise import Noise
from .clothes import Coat, Scarf
from .hair import TIPS, Hair, stray_hairs
from .head import Face

UNIT = 0.205
"""Length of the head's unit (half a head) in frame heights."""
HEAD = 0.395
"""Where the head's middle is, in frame heights from the top."""
ABOVE = 1.31
"""How far the layer reaches above the head's middle, in units."""
REACH = 2.12
"""Half of the layer's width, in units."""
EYELIDS = (0.0, 0.45, 0.8, 1.0)
RIM = np.array([0.75, 0.85, 0.95], np.float32).reshape(3, 1, 1)
DEEPEST = np.float32(-1.25)
HAIR = 0.0021
"""Width of a stray hair in frame heights; a narrower one than a pixel is drawn fainter."""


@dataclass(frozen=True)
class Figure:
    """A rendered person.

    Attributes:
        layers: uint8 h x w x 4, one for each of EYELIDS.
        top: Row of the frame where the layers begin.
        depth: Surface towards the viewer in frame heights, float32 h x w.
        y: Height above the head's middle in units, float32 h x w.
    """

    layers: list[np.ndarray]
    top: int
    depth: np.ndarray
    y: np.ndarray


def render(noise: Noise, height: int, samples: int) -> Figure:
    """Render the figure for a frame of `height` pixels, with samples x samples samples for each pixel."""
    unit = UNIT * height
    top = round((HEAD - ABOVE * UNIT) * height)
    size = (max(round(2 * REACH * unit), 1), max(height - top, 1))
    pixel = 1 / (unit * samples)
    y, x = np.mgrid[: size[1] * samples, : size[0] * samples].astype(np.float32)
    x = (x + 0.5) * np.float32(pixel) - np.float32(size[0] / 2 / unit)
    y = np.float32(HEAD / UNIT - top / unit) - (y + 0.5) * np.float32(pixel)

    # The head's parts reach down to the scarf, the clothes up to the chin.
    upper = slice(0, max(int((y[:, 0] > -1.75).sum()), 1))
    lower = slice(min(int((y[:, 0] > -1.05).sum()), len(y) - 1), None)
    face, hair = Face(x[upper], y[upper], noise, pixel), Hair(x[upper], y[upper], noise, pixel)
    coat, scarf = Coat(x[lower], y[lower], noise, pixel), Scarf(x[lower], y[lower], noise, pixel)
    surface = np.full(x.shape, 4 * DEEPEST, np.float32)
    part = np.zeros(x.shape, np.uint8)
    for index, (rows, height_field) in enumerate(
        ((upper, face.height), (upper, hair.height), (lower, coat.height), (lower, scarf.height))
    ):
        np.copyto(part[rows], np.uint8(index), where=height_field > surface[rows])
        np.maximum(surface[rows], height_field, out=surface[rows])
    cover = surface.copy()
    np.maximum(cover[upper], hair.edge, out=cover[upper])
    alpha = _coverage(cover - DEEPEST, pixel)

    wisps = np.zeros(x.shape, np.uint8)
    for curve in stray_hairs(np.random.default_rng(11), 90):
        points = (curve - [x[0, 0], y[0, 0]]) * [1 / pixel, -1 / pixel]
        cv2.polylines(wisps, [np.rint(points * 16).astype(np.int32)], False, 255, samples, cv2.LINE_AA, 4)
    alpha = np.maximum(alpha, wisps * np.float32(0.55 / 255 * min(1, HAIR * height)))

    light = Light(np.maximum(surface, DEEPEST), pixel, part == 0)
    skin, gloss = face.colours()
    tresses = hair.colours()
    skin = mix(skin, tresses, hair.veil)
    albedo = np.empty((3, *x.shape), np.float32)
    albedo[:] = 0.3 * TIPS
    for index, rows, colours in (
        (0, upper, skin),
        (1, upper, tresses),
        (2, lower, coat.colours()),
        (3, lower, scarf.colours()),
    ):
        np.copyto(albedo[:, rows], colours, where=(part[rows] == index) & (surface[rows] > DEEPEST))
    shine, glossy = np.zeros_like(x), np.zeros_like(x)
    here = hair.shine(light.nx[upper], light.ny[upper], light.nz[upper])
    np.copyto(shine[upper], here, where=part[upper] == 1)
    np.copyto(glossy[upper], gloss, where=part[upper] == 0)
    plain = make_layer(to_pixels(light.shade(albedo, glossy, shine)), alpha, size)

    box = _whole_pixels(face.eye_box(), samples)
    skin_here = part[box] == 0
    layers = []
    for closed in EYELIDS:
        painted, polish, glow = face.eyes(box, skin[(slice(None), *box)], gloss[box], closed)
        painted = np.where(skin_here, painted, albedo[(slice(None), *box)])
        shaded = light.shade(painted, polish * skin_here, shine[box], box) + glow * skin_here
        layer = plain.copy()
        inner = tuple(slice(side.start // samples, side.stop // samples) for side in box)
        patch = layer[inner]
        patch[:] = make_layer(to_pixels(shaded), alpha[box], patch.shape[1::-1])
        layers.append(layer)
    small = {"dsize": size, "interpolation": cv2.INTER_AREA}
    return Figure(layers, top, cv2.resize(np.maximum(surface, -0.6), **small) * UNIT, cv2.resize(y, **small))


class Light:
    """The light that falls on a surface, computed once for all of its colourings."""

    def __init__(self, surface: np.ndarray, pixel: float, skin: np.ndarray) -> None:
        smooth = cv2.GaussianBlur(surface, (0, 0), max(0.010 / pixel, 0.3))
        self.nx, self.ny, self.nz = normals(np.where(skin, smooth, surface), pixel)
        open_ = cavity(surface, pixel, 0.12, 0.16) * (0.35 + 0.65 * cavity(surface, pixel, 0.45, 0.7))
        sun = cast_shadow(surface, pixel, 1.6)
        facing = self.nx * SUN[0] + self.ny * SUN[1] + self.nz * SUN[2]
        # Light scattered in skin wraps around the terminator, red farther than blue.
        wrap = np.array([0.10, 0.16, 0.34], np.float32).reshape(3, 1, 1)
        soft = np.clip((facing + wrap) / (1 + wrap), 0, 1)
        bleed = cv2.GaussianBlur(sun, (0, 0), max(0.03 / pixel, 0.3)) - sun
        scatter = np.array([0.0, 0.3, 0.55], np.float32).reshape(3, 1, 1)
        direct = np.where(skin, soft * (sun + scatter * bleed), np.clip(facing, 0, 1) * sun)
        sky = (0.62 + 0.38 * self.ny) * open_
        ground = np.clip(0.45 - 0.55 * self.ny, 0, 1) * open_
        self.diffuse = SUNLIGHT * direct + SKYLIGHT * sky + BOUNCE * ground
        half = SUN + np.array([0, 0, 1], np.float32)
        half = half / np.linalg.norm(half)
        dot = np.clip(self.nx * half[0] + self.ny * half[1] + self.nz * half[2], 0, 1)
        self.specular = (0.16 * dot**16 + 0.22 * dot**64) * sun
        # The sky behind grazes the edges.
        self.rim = 0.22 * (1 - self.nz) ** 3 * smoothstep(0.0, 0.5, self.nx * 0.7 + self.ny * 0.5) * open_
        self.sun = sun

    def shade(
        self,
        albedo: np.ndarray,
        gloss: np.ndarray,
        shine: np.ndarray,
        box: tuple[slice, slice] = (slice(None), slice(None)),
    ) -> np.ndarray:
        """Light that leaves the surface in `box`, linear BGR 3 x h x w."""
        picture = albedo * (self.diffuse[(slice(None), *box)] + self.rim[box] * RIM)
        picture += SUNLIGHT * (
            self.specular[box] * gloss
            + 0.16 * shine * (0.35 + 0.65 * self.sun[box]) * np.array([0.45, 0.7, 1.0], np.float32).reshape(3, 1, 1)
        )
        return picture + 0.12 * self.rim[box] * RIM


def _coverage(above: np.ndarray, pixel: float) -> np.ndarray:
    """Share of each pixel, 0..1, for which `above` is positive, by the distance to its zero line."""
    gx, gy = (cv2.Sobel(above, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1)))
    return np.clip(0.5 + above / (np.hypot(gx, gy) + 0.05 * pixel), 0, 1)


def _whole_pixels(box: tuple[slice, slice], samples: int) -> tuple[slice, slice]:
    """The box, extended to whole pixels of the shrunken picture."""
    rows, columns = (slice(side.start // samples * samples, -(-side.stop // samples) * samples) for side in box)
    return rows, columns
