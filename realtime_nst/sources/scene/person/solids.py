"""Bodies made of ellipsoids, as height fields seen from the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Point = tuple[float, float, float]


def rotation(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Rotation matrix, float32 3 x 3: roll in the picture's plane, then pitch (nod), then yaw (turn); radians."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (lean @ turn @ nod).astype(np.float32)


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid: centre, radii, and its own rotation within the body it belongs to."""

    centre: Point
    radii: Point
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0

    def height(self, x: np.ndarray, y: np.ndarray, body: np.ndarray) -> np.ndarray:
        """Front surface z at view coordinates x, y of the body rotated by `body`.

        Solves the ellipsoid's quadratic form for z. Beside the silhouette the surface falls off steeply, so that
        smooth unions stay smooth.
        """
        turn = body @ rotation(self.yaw, self.pitch, self.roll)
        form = turn @ np.diag(1 / np.square(np.array(self.radii, np.float32))) @ turn.T
        centre = body @ np.array(self.centre, np.float32)
        dx, dy = x - centre[0], y - centre[1]
        a = form[2, 2]
        b = form[0, 2] * dx + form[1, 2] * dy
        c = form[0, 0] * dx * dx + 2 * form[0, 1] * dx * dy + form[1, 1] * dy * dy - 1
        inside = b * b - a * c
        root = np.sqrt(np.maximum(inside, 0)) - 6.0 * (np.sqrt(np.maximum(1 - inside, 1)) - 1)
        return centre[2] + (root - b) / a


def union(first: np.ndarray, second: np.ndarray, blend: float) -> np.ndarray:
    """Smooth maximum of two height fields; `blend` is the width of the fillet between them."""
    h = np.clip(0.5 + (0.5 / blend) * (first - second), 0, 1)
    return second + (first - second) * h + blend * h * (1 - h)


def bodies(x: np.ndarray, y: np.ndarray, body: np.ndarray, parts: list[tuple[Ellipsoid, float]]) -> np.ndarray:
    """Height of the smooth union of ellipsoids, each with the width of its fillet."""
    (first, _), *others = parts
    total = first.height(x, y, body)
    for part, blend in others:
        total = union(total, part.height(x, y, body), blend)
    return total
