"""The built-in scene: a person by a lake on an autumn afternoon."""

from __future__ import annotations

import cv2
import numpy as np

from . import foliage, hills
from .grain import Grain
from .layers import StillLayer
from .noise import Noise
from .person.motion import PLACE, Person
from .sky import Sky
from .water import Water

SMALLEST = 16
"""Fewest rows and columns of a frame; layers would be empty in a smaller one."""
COARSE, FINE = 240, 800
"""Frames of at most this many rows are supersampled, 4 and 2 times in each direction; larger ones are fine enough."""


class Scene:
    """Draws the scene at any time.

    Everything is rendered once, in layers; a frame moves the layers and lays them over each other.

    Args:
        height, width: Size of the frames in pixels.
        grain: Standard deviation of film grain in levels of 255; 0 for none.

    Raises:
        ValueError: The frame has fewer than SMALLEST rows or columns.
    """

    def __init__(self, height: int, width: int, grain: float = 0.0) -> None:
        if min(height, width) < SMALLEST:
            raise ValueError(f"the scene needs at least {SMALLEST} x {SMALLEST} pixels, not {height} x {width}")
        self.height, self.width = height, width
        rng = np.random.default_rng(7)
        noise = Noise(rng)
        samples = 4 if height <= COARSE else 2 if height <= FINE else 1
        self._land = StillLayer(
            hills.land(noise, rng, height, width, samples), round(hills.TOP * height), 0, (height, width)
        )
        self._sky = Sky(noise, height, width, self._land.place[0].start + self._land.solid_from)
        self._canvas = np.zeros((height, width, 4), np.uint8)
        self._draw_distance(0.0)
        self._water = Water(noise, rng, self._canvas, height, width)
        self._boughs = foliage.Boughs(rng, height, width, samples)
        self._bank = foliage.Bank(rng, height, width, min(max(width / 2 / height + PLACE - 0.31, 0.1), 3), samples)
        self._person = Person(noise, height, width, samples)
        self._trunk = StillLayer(foliage.trunk(noise, height), 0, 0, (height, width))
        opaque = np.zeros((height, width), bool)
        for layer in (self._trunk, self._bank.still, self._person.still):
            opaque[layer.place] |= layer.opaque
        self._water.hide(opaque[self._water.top :])
        self._grain = Grain(rng, height, width, grain) if grain else None

    def draw(self, time: float) -> np.ndarray:
        """Draw the scene at `time` seconds.

        Returns:
            uint8 BGR, height x width x 3, C-contiguous.
        """
        canvas = self._canvas
        self._draw_distance(time)
        self._water.draw(canvas, time)
        self._trunk.draw(canvas)
        self._bank.still.draw(canvas)
        self._bank.draw(canvas, time)
        self._person.still.draw(canvas)
        self._person.draw(canvas, time)
        self._boughs.draw(canvas, time)
        image = cv2.cvtColor(canvas, cv2.COLOR_BGRA2BGR)
        return image if self._grain is None else self._grain.add(image, time)

    def _draw_distance(self, time: float) -> None:
        self._sky.draw(self._canvas, time)
        self._land.draw(self._canvas)
