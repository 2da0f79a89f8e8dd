"""A head: the shape of a face, its skin, eyes, brows and mouth.

Lengths are in heads of two units from chin (y = -1) to crown (y = 1); the eyes are at y = 0.
"""

from __future__ import annotations

import numpy as np

from ..light import bump, linear, mix, smoothstep
from ..noise import Noise
from .solids import Ellipsoid, bodies, rotation, union

TURN = rotation(yaw=-0.30, pitch=0.03, roll=0.05)
"""How the head is held: turned towards the light, slightly tilted."""

SKULL = [
    (Ellipsoid((0, 0.20, -0.12), (0.69, 0.80, 0.84)), 0.0),
    (Ellipsoid((0, -0.14, 0.10), (0.59, 0.82, 0.60)), 0.12),
    (Ellipsoid((0, -0.50, 0.10), (0.43, 0.45, 0.54)), 0.20),
]
NOSE = [
    (Ellipsoid((0, -0.12, 0.715), (0.080, 0.34, 0.105), pitch=-0.36), 0.18),
    (Ellipsoid((0, -0.335, 0.855), (0.089, 0.078, 0.105)), 0.10),
    (Ellipsoid((-0.095, -0.365, 0.76), (0.070, 0.062, 0.095)), 0.07),
    (Ellipsoid((0.095, -0.365, 0.76), (0.070, 0.062, 0.095)), 0.07),
]
NECK = Ellipsoid((0.02, -1.25, -0.30), (0.35, 0.95, 0.36))

EYE, EYE_HALF = 0.275, 0.150
"""Distance of an eye's middle from the nose's line, and half of its width."""
GAZE = (0.030, 0.004)

SKIN = linear(226, 168, 136)
BLUSH = linear(222, 120, 100)
LIPS = linear(190, 90, 86)
DARK = linear(38, 22, 18)


class Face:
    """The surface of a head without its hair, at view coordinates x, y (float32 H x W; y up)."""

    def __init__(self, x: np.ndarray, y: np.ndarray, noise: Noise, pixel: float) -> None:
        self._noise, self._pixel = noise, pixel
        base = bodies(x, y, TURN, SKULL)
        deep = np.maximum(base, -0.5)
        # Where the surface point lies in the head's own coordinates.
        self.x, self.y, self.z = (TURN[0, k] * x + TURN[1, k] * y + TURN[2, k] * deep for k in range(3))
        neck = NECK.height(x, y, np.eye(3, dtype=np.float32))
        neck -= 0.05 * bump(x + 0.02, y + 1.25, 0.07, 0.3)
        self.front = smoothstep(0.0, 0.35, self.z)
        self.height = union(self._relief(x, y, base), neck, 0.10)
        self.is_head = smoothstep(-0.06, 0.06, base - neck)

    def _relief(self, x: np.ndarray, y: np.ndarray, base: np.ndarray) -> np.ndarray:
        """Sockets, nose, lips and folds on the bare skull."""
        u, v = self.x, self.y
        side = np.abs(u)
        relief = -0.115 * bump(side - 0.25, v - 0.005, 0.135, 0.085)
        relief += 0.045 * bump(side - 0.27, v - 0.21, 0.17, 0.055)
        relief += 0.055 * bump(side - 0.37, v + 0.19, 0.14, 0.12) + 0.12 * bump(u, v + 0.86, 0.15, 0.12)
        relief -= 0.02 * bump(u, v - 0.10, 0.06, 0.07)
        # Folds from the nose to the corners of the mouth, and the mouth's corners.
        fold = side - (0.17 + 0.42 * (-0.38 - v))
        relief -= 0.016 * np.exp(-0.5 * (fold / 0.03) ** 2) * bump(v + 0.48, 0 * v, 0.08, 1)
        relief -= 0.030 * bump(side - 0.225, v - self._mouth_line(u), 0.045, 0.05)
        relief -= 0.035 * bump(u, v + 0.73, 0.16, 0.035)
        relief -= 0.015 * bump(u, v + 0.475, 0.022, 0.05)
        height = base + relief * self.front
        for part, blend in NOSE:
            height = union(height, part.height(x, y, TURN), blend)
        height -= 0.05 * bump(side - 0.060, v + 0.428, 0.030, 0.016) * self.front
        upper, lower, line = self._lips()
        height += (0.050 * upper + 0.066 * lower - 0.045 * line) * self.front
        return height + self._eyeballs(base + relief) * self.front

    def _mouth_line(self, u: np.ndarray) -> np.ndarray:
        """Height of the line between the lips: a slight smile."""
        return -0.585 + 0.85 * u * u - 0.006 * np.cos(u * 28) * np.exp(-((u / 0.12) ** 2))

    def _lips(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fullness (0..1) of the upper and the lower lip, and the line between them."""
        u, v = self.x, self.y
        line = self._mouth_line(u)
        width = np.sqrt(np.clip(1 - (u / 0.225) ** 2, 0, 1))
        bow = (
            0.076
            * width
            * (1 - 0.22 * np.exp(-((u / 0.035) ** 2)) + 0.10 * np.exp(-(((np.abs(u) - 0.06) / 0.05) ** 2)))
        )
        full = 0.102 * np.sqrt(np.clip(1 - (u / 0.185) ** 2, 0, 1))
        up, down = (v - line) / (bow + 1e-3), (line - v) / (full + 1e-3)
        upper = np.clip(up, 0, 1) * 0 + _dome(up) * (bow > 0.004)
        lower = _dome(down) * (full > 0.004)
        return upper, lower, np.exp(-0.5 * ((v - line) / 0.012) ** 2) * (width > 0)

    def _eyeballs(self, skin: np.ndarray) -> np.ndarray:
        """How much lids stand out over the sockets' bottom, as seen from the front."""
        side = np.abs(self.x)
        return 0.052 * bump(side - EYE, self.y - 0.0, 0.105, 0.062)

    def colours(self) -> tuple[np.ndarray, np.ndarray]:
        """Paint the face without its eyes.

        Returns:
            Albedo, linear BGR 3 x H x W, and gloss, H x W.
        """
        u, v, pixel = self.x, self.y, self._pixel
        side = np.abs(u)
        pores = self._noise(u * 26, v * 26, 3, 0.7, pixel * 26) - 0.5
        patches = self._noise(u * 4 + 9, v * 4, 3, 0.5, pixel * 4) - 0.5
        albedo = SKIN * (1 + 0.10 * pores + 0.10 * patches)
        red = 0.42 * bump(side - 0.36, v + 0.22, 0.16, 0.12) + 0.45 * bump(u, v + 0.33, 0.12, 0.09)
        red += 0.25 * bump(side - 0.27, v + 0.12, 0.12, 0.05) + 0.2 * bump(u, v + 0.85, 0.16, 0.1)
        albedo = mix(albedo, BLUSH * (1 + 0.1 * pores), np.clip(red + 0.25 * patches * red, 0, 0.8))
        freckles = smoothstep(0.70, 0.80, self._noise(u * 15, v * 15 + 5, 1, 0.5, pixel * 15))
        albedo = mix(albedo, linear(176, 104, 72), 0.30 * freckles * bump(u, v + 0.18, 0.30, 0.12))
        gloss = 0.35 + 0.5 * bump(u, v + 0.2, 0.10, 0.25) + 0.3 * bump(u, v - 0.4, 0.2, 0.15)

        upper, lower, line = self._lips()
        lips = np.clip(1.6 * np.maximum(upper, lower), 0, 1) * self.front
        grain = self._noise(u * 30, v * 4, 2, 0.5, pixel * 30) - 0.5
        albedo = mix(albedo, LIPS * (1 + 0.35 * grain + 0.12 * (lower > upper)), 0.92 * lips)
        albedo = mix(albedo, DARK, 0.85 * line * self.front * smoothstep(0.25, 0.20, side))
        gloss = gloss + 0.9 * lower * self.front
        albedo = mix(albedo, DARK, 0.9 * np.minimum(1.5 * bump(side - 0.058, v + 0.424, 0.026, 0.014), 1) * self.front)
        return self._brows(albedo), gloss

    def eye_box(self) -> tuple[slice, slice]:
        """Rows and columns that hold both eyes, at least one pixel."""
        near = (np.abs(self.x) < EYE + 1.6 * EYE_HALF) & (np.abs(self.y) < 0.2) & (self.front > 0.3)
        found = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
        rows, columns = (slice(int(i[0]), int(i[-1]) + 1) if len(i) else slice(0, 1) for i in found)
        return rows, columns

    def _brows(self, albedo: np.ndarray) -> np.ndarray:
        u, v = self.x, self.y
        side = np.abs(u)
        along = (side - 0.11) / 0.36
        middle = 0.205 + 0.050 * np.sin(np.clip(along, 0, 1) * 2.5) - 0.035 * along
        thick = 0.040 * (1 - 0.62 * np.clip(along, 0, 1.0) ** 1.5)
        hairs = self._noise(side * 34 - v * 26, v * 9 + side * 4, 2, 0.6, self._pixel * 34)
        edge = np.abs(v - middle) / thick + 0.6 * (hairs - 0.5)
        brow = smoothstep(1.15, 0.55, edge) * smoothstep(-0.04, 0.05, along) * smoothstep(1.05, 0.85, along)
        return mix(albedo, linear(58, 36, 26), 0.88 * brow * self.front)

    def eyes(
        self, box: tuple[slice, slice], albedo: np.ndarray, gloss: np.ndarray, closed: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Paint the eyes on `albedo` and `gloss` of `box`, with their lids `closed` (0 open .. 1 shut).

        Returns:
            The new albedo and gloss, and light that is added to the shaded surface, linear BGR 3 x h x w.
        """
        u, v, front, pixel = self.x[box], self.y[box], self.front[box], self._pixel
        sharp = max(0.011, 1.3 * pixel)
        glow = np.zeros_like(albedo)
        for sign in (-1, 1):
            a = (u * sign - EYE) / EYE_HALF
            outward = np.clip(a, -1.3, 1.3)
            bow = np.sqrt(np.clip(1 - (outward / 1.12) ** 2, 0, 1))
            slant = 0.012 * outward
            top = slant + 0.088 * bow * (1 - 0.10 * outward) - 0.012
            bottom = slant - 0.052 * bow * (1 + 0.16 * outward) + 0.004
            lid = top + closed * (bottom - top)
            ends = smoothstep(1.08, 0.98, np.abs(a))
            near = smoothstep(1.5, 1.3, np.abs(a)) * front
            opening = smoothstep(-sharp, sharp, lid - v) * smoothstep(-sharp, sharp, v - bottom) * ends * front
            # The lid: a shade darker, with a fold above it and lashes along its edge.
            shade = smoothstep(0.13, 0.0, v - lid) * smoothstep(-0.01, 0.01, v - lid) * near
            albedo = mix(albedo, linear(172, 104, 84), 0.55 * shade * smoothstep(1.25, 0.9, np.abs(a)))
            fold = top + 0.046 + 0.012 * outward
            crease = np.exp(-0.5 * ((v - fold) / 0.011) ** 2) * smoothstep(1.18, 0.75, np.abs(a)) * near
            albedo = mix(albedo, linear(104, 56, 44), 0.65 * crease * (1 - 0.6 * closed))
            bag = np.exp(-0.5 * ((v - bottom + 0.050) / 0.016) ** 2) * smoothstep(1.1, 0.5, np.abs(a)) * near
            albedo = mix(albedo, linear(176, 110, 96), 0.35 * bag)
            rim = np.exp(-0.5 * ((v - bottom + 0.008) / 0.010) ** 2) * ends * near
            albedo = mix(albedo, linear(150, 84, 76), 0.6 * rim)

            white = linear(226, 220, 216) * (1 - 0.25 * np.clip(np.abs(a), 0, 1) ** 2)
            white = mix(white, linear(214, 140, 128), 0.7 * bump(a + 1.0, 0 * a, 0.14, 1))
            x, y = u - sign * EYE - GAZE[0], v - GAZE[1] - 0.010
            radius = np.hypot(x, y)
            angle = np.arctan2(y, x)
            fibres = self._noise(angle * 6 + 3 * sign, radius * 20, 2, 0.6, 0.0)
            iris = mix(
                linear(84, 110, 96) * (0.65 + 0.9 * fibres), linear(150, 110, 56), smoothstep(0.060, 0.03, radius)
            )
            iris = iris * (0.75 + 0.9 * bump(x - 0.03, y + 0.035, 0.035, 0.03))
            iris = mix(iris, DARK * 0.6, smoothstep(0.060, 0.074, radius))
            iris = mix(iris, DARK * 0.15, smoothstep(0.034 + sharp / 2, 0.034 - sharp / 2, radius))
            ball = mix(white, iris, smoothstep(0.078 + sharp / 2, 0.078 - sharp / 2, radius))
            ball = ball * (1 - 0.62 * smoothstep(0.055, 0.0, lid - v))
            albedo = mix(albedo, ball, opening)
            gloss = gloss * (1 - opening)
            spark = smoothstep(0.022 + sharp / 2, 0.022 - sharp / 2, np.hypot(x + 0.028, y - 0.030)) * opening
            glow += spark * np.array([1.5, 1.6, 1.7], np.float32).reshape(3, 1, 1)

            lashes = self._noise(a * 13, v * 0 + 3.0, 1, 0.5, 0.0) - 0.5
            thick = 0.017 + 0.010 * smoothstep(-0.5, 1.0, a) + 0.012 * lashes * smoothstep(-0.3, 0.6, a)
            line = smoothstep(
                thick + sharp, thick * 0.6, np.abs(v - lid - 0.006 - 0.30 * np.clip(a - 0.95, 0, 1) * 0.15)
            )
            albedo = mix(albedo, DARK * 0.7, 0.95 * line * smoothstep(1.22, 1.0, a) * smoothstep(-1.04, -0.9, a) * near)
        return albedo, gloss, glow


def _dome(t: np.ndarray) -> np.ndarray:
    """Roundness of a lip: 0 at both of its edges t = 0 and t = 1."""
    t = np.clip(t, 0, 1)
    return np.sqrt(np.clip(4 * t * (1 - t), 0, 1))
