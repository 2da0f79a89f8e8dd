"""A moving scene drawn by code, so that the program can be tried with no camera and no file."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ..frames import Frame, Image
from ..media.noise import noise

SHIFT = 4
"""Fractional bits of OpenCV's drawing coordinates, for motion finer than a pixel."""


class DemoSource:
    """An evening by the hills: sun, clouds, birds, a waving walker and bouncing balls; it never ends.

    Frame n is the same on every machine up to its anti-aliasing, and shows the scene at n / fps seconds.
    size: (height, width) in pixels.
    """

    name = "demo"
    live = False

    def __init__(self, size: tuple[int, int] = (480, 640), fps: float = 30.0) -> None:
        self.size = size
        self.fps = fps
        self._scene = Scene(*size)
        self._frames = 0

    def read(self) -> Frame:
        time = self._frames / self.fps
        self._frames += 1
        return Frame(self._scene.draw(time), time)

    def close(self) -> None:
        pass


class Scene:
    """Draws the scene at any time. Lengths are in units of the frame's height."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.wide = width / height
        rng = np.random.default_rng(7)
        self._sky = self._draw_sky(rng)
        x = np.linspace(0, self.wide, max(width // 4, 2))
        self._x = x
        # Nearer hills are darker, greener and pass by faster.
        self._hills = [
            (0.62, 0.05, 2.2, 0.02, (146, 104, 96), self._folds(rng)),
            (0.70, 0.06, 3.1, 0.05, (96, 82, 56), self._fields(rng)),
            (0.79, 0.05, 4.3, 0.10, (38, 70, 28), self._bushes(rng)),
        ]
        self._grass = self._blades(rng)

    def draw(self, time: float) -> Image:
        """The scene at `time` seconds: uint8 BGR, height x width x 3."""
        canvas = self._sky.copy()
        self._clouds(canvas, time)
        self._birds(canvas, time)
        for hill in self._hills:
            self._hill(canvas, time, *hill)
        self._trees(canvas, time)
        self._meadow(canvas)
        self._balls(canvas, time)
        self._walker(canvas, time)
        return canvas

    def _draw_sky(self, rng) -> Image:
        rows = np.linspace(0, 1, self.height)
        stops = [0.0, 0.35, 0.62, 1.0]
        colours = np.array([(150, 78, 40), (190, 140, 120), (130, 190, 250), (110, 170, 240)], float)
        sky = np.stack([np.interp(rows, stops, colours[:, c]) for c in range(3)], axis=-1).astype(np.float32)
        sky = np.repeat(sky[:, None], self.width, axis=1)
        y, x = np.mgrid[: self.height, : self.width].astype(np.float32) / self.height
        away = np.hypot(x - 0.68 * self.wide, y - 0.45)
        _blend(sky, 0.9 * np.exp(-away / 0.22), (120, 225, 255))
        # Banks of cloud, denser towards the horizon, darker underneath.
        small = noise(256, 9, rng, 4)[:, :96]
        under = np.gradient(cv2.GaussianBlur(small, (0, 0), 1.5), axis=0)
        bank, under = (
            cv2.resize(each, (self.width, self.height), interpolation=cv2.INTER_CUBIC) for each in (small, under)
        )
        dense = np.clip(2.6 * bank - 0.9, 0, 1) * np.clip(0.1 + 1.4 * y, 0, 1)
        lit = np.clip(0.5 + 11 * under, 0, 1)
        _blend(sky, 0.75 * dense * lit, (196, 214, 255))
        _blend(sky, 0.75 * dense * (1 - lit), (176, 128, 150))
        _blend(sky, np.clip((0.095 - away) * self.height, 0, 1), (170, 240, 255))
        return np.clip(np.rint(sky), 0, 255).astype(np.uint8)

    # What light falls on: pictures that are added to a colour, 2 wide, from the frame's bottom up.

    def _folds(self, rng) -> Image:
        """The folds of far hills, in haze."""
        return self._light(0.5, noise(256, 9, rng, 4), (44, 44, 40))

    def _fields(self, rng) -> Image:
        """Furrows that follow the ground."""
        down = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
        furrows = 0.5 + 0.5 * np.sin(2 * np.pi * (14 * down + 7 * noise(256, 4, rng, 2)))
        return self._light(0.42, furrows * (0.3 + 0.7 * noise(256, 12, rng, 2)), (30, 62, 62))

    def _bushes(self, rng) -> Image:
        light = self._light(0.32, noise(256, 20, rng, 3), (12, 24, 14))
        for y in np.sort(0.3 * rng.random(260)):
            x, radius = 2 * rng.random(), rng.uniform(0.012, 0.024)
            bright = rng.uniform(0.6, 1.0)
            for towards_sun, part in ((0.0, 0.45), (0.22, 0.75), (0.42, 1.0)):
                size = radius * (1 - 1.3 * towards_sun)
                colour = tuple(int(c * part * bright) for c in (34, 66, 48))
                at = (x + towards_sun * radius, y - towards_sun * radius)
                self._ellipse(light, *at, 1.2 * size, size, colour)
        return light

    def _blades(self, rng) -> Image:
        """The grass of the meadow."""
        light = self._light(0.13, noise(256, 24, rng, 2), (10, 22, 14))
        for y in np.sort(0.13 * rng.random(900)):
            x, tall, lean = 2 * rng.random(), rng.uniform(0.012, 0.03), rng.normal(0, 0.006)
            bright = rng.uniform(0.2, 1.0)
            colour = tuple(int(c * bright) for c in (30, 84, 70))
            self._line(light, [(x, y), (x + 0.4 * lean, y - 0.6 * tall), (x + lean, y - tall)], colour, 0.003)
        return light

    def _light(self, high: float, strength: np.ndarray, colour: tuple[int, int, int]) -> Image:
        """Light of `colour` times `strength` (0..1), `high` from the frame's bottom up."""
        size = (2 * self.height, round(high * self.height))
        strength = np.clip(cv2.resize(strength, size, interpolation=cv2.INTER_CUBIC), 0, 1)
        return np.rint(strength[..., None] * np.float32(colour)).astype(np.uint8)

    def _hill(self, canvas, time, base, swell, pitch, speed, colour, light) -> None:
        x = self._x + speed * time
        top = base + swell * np.sin(pitch * x + base * 9) + 0.4 * swell * np.sin(2.7 * pitch * x + 1)
        self._ground(canvas, [*zip(self._x, top), (self.wide, 1.01), (0, 1.01)], colour, light, speed * time)

    def _trees(self, canvas, time) -> None:
        base, swell, pitch, speed, *_ = self._hills[2]
        spacing = 0.37
        first = math.floor(speed * time / spacing)
        for k in range(first, first + int(self.wide / spacing) + 2):
            at = k * spacing + 0.1 * math.sin(7.0 * k)
            x = at - speed * time
            y = base + swell * math.sin(pitch * at + base * 9) + 0.4 * swell * math.sin(2.7 * pitch * at + 1)
            tall = 0.085 + 0.025 * math.sin(3.0 * k)
            sway = 0.006 * math.sin(1.7 * time + k)
            self._line(canvas, [(x, y + 0.01), (x, y - tall * 0.4)], (36, 52, 74), 0.012)
            for step in range(3):
                low, half = y - tall * (0.3 + 0.4 * step), tall * (0.42 - 0.1 * step)
                tip = (x + sway * (step + 1), low - tall * 0.62)
                for left, lit in ((x - half, 0.75), (x, 1.15)):
                    colour = tuple(int(c * lit) for c in (52 + 8 * step, 92 + 14 * step, 40))
                    self._fill(canvas, [(left, low), tip, (x + half, low)], colour)

    def _meadow(self, canvas) -> None:
        self._ground(canvas, [(0, 0.9), (self.wide, 0.885), (self.wide, 1.01), (0, 1.01)], (40, 104, 62), self._grass)
        for k in range(46):
            x = (k * 0.6180339) % 1 * self.wide
            y = 0.915 + 0.075 * ((k * 0.7548777) % 1)
            colour = [(90, 90, 235), (120, 220, 250), (240, 240, 250), (220, 130, 190)][k % 4]
            self._disc(canvas, x, y, 0.0055, colour)

    def _clouds(self, canvas, time) -> None:
        for k, (y, scale, speed) in enumerate([(0.14, 1.0, 0.03), (0.27, 0.7, 0.02), (0.09, 0.6, 0.045)]):
            reach = self.wide + 0.6
            x = (0.75 * k + speed * time) % reach - 0.3
            for colour, lift in (((196, 176, 186), 0.012), ((235, 228, 236), 0.0)):
                for dx, dy, radius in [
                    (-0.1, 0.01, 0.035),
                    (-0.04, -0.02, 0.05),
                    (0.03, -0.01, 0.055),
                    (0.1, 0.015, 0.03),
                ]:
                    self._disc(canvas, x + dx * scale, y + (dy + lift) * scale, radius * scale, colour)

    def _birds(self, canvas, time) -> None:
        for k in range(4):
            x = (self.wide + 0.3) - (0.11 * time + 0.13 * k) % (self.wide + 0.6)
            y = 0.2 + 0.035 * k + 0.02 * math.sin(0.9 * time + k)
            flap = 0.018 * math.sin(7 * time + 1.3 * k)
            wings = [
                (x - 0.035, y - flap),
                (x - 0.014, y - 0.008),
                (x, y),
                (x + 0.014, y - 0.008),
                (x + 0.035, y - flap),
            ]
            self._line(canvas, wings, (60, 44, 48), 0.005)

    def _balls(self, canvas, time) -> None:
        for k, (colour, high, period) in enumerate(
            [((60, 60, 226), 0.42, 1.5), ((220, 150, 40), 0.30, 1.25), ((60, 200, 245), 0.22, 1.05)]
        ):
            radius = 0.052 - 0.008 * k
            phase = (time / period + 0.3 * k) % 1
            y = 0.945 - radius - high * 4 * phase * (1 - phase)
            # There and back between the borders.
            way = self.wide - 2 * radius
            x = radius + abs((0.16 * (k + 1) * time + 0.5 * k) % (2 * way) - way)
            shade = 1 - min((0.945 - radius - y) / 0.5, 1)
            self._ellipse(canvas, x, 0.955, radius * (0.6 + 0.4 * shade), radius * 0.22, (36, 96, 60))
            self._disc(canvas, x, y, radius, tuple(int(c * 0.72) for c in colour))
            self._disc(canvas, x - 0.12 * radius, y - 0.12 * radius, radius * 0.84, colour)
            turn = 5 * time + k
            stripe = [
                (x + radius * 0.8 * math.cos(turn + a), y + radius * 0.8 * math.sin(turn + a)) for a in (0, math.pi)
            ]
            self._line(canvas, stripe, (240, 240, 240), 0.01)
            self._disc(canvas, x - 0.4 * radius, y - 0.42 * radius, radius * 0.17, (255, 255, 255))

    def _walker(self, canvas, time) -> None:
        """A figure that walks on the spot and waves: limbs are thick lines from joint to joint."""
        x, ground, step = 0.30 * self.wide, 0.985, 4.2 * time
        hip = (x, 0.80 + 0.008 * math.cos(2 * step))
        neck = (x + 0.006, hip[1] - 0.16)
        self._ellipse(canvas, x, ground, 0.075, 0.012, (36, 96, 60))
        skin, shirt, trousers = (130, 170, 225), (70, 70, 200), (120, 70, 46)
        for phase in (math.pi, 0.0):
            swing = 0.5 * math.sin(step + phase)
            knee = _joint(hip, swing, 0.09)
            foot = _joint(knee, swing - 0.6 * max(math.cos(step + phase), 0), 0.085)
            self._line(canvas, [hip, knee, foot, (foot[0] + 0.025, foot[1])], trousers, 0.032)
        self._line(canvas, [hip, neck], shirt, 0.072)
        for part in (0.15, 0.45, 0.75):
            x, y = (h + part * (n - h) for h, n in zip(hip, neck))
            self._line(canvas, [(x - 0.027, y + 0.003), (x + 0.027, y - 0.003)], (190, 200, 240), 0.014)
        shoulder = (neck[0], neck[1] + 0.012)
        elbow = _joint(shoulder, -0.6 * math.sin(step), 0.075)
        self._line(canvas, [shoulder, elbow, _joint(elbow, 0.3 - 0.6 * math.sin(step), 0.065)], skin, 0.022)
        elbow = _joint(shoulder, 1.75, 0.095)
        hand = _joint(elbow, 2.6 + 0.5 * math.sin(6 * time), 0.09)
        self._line(canvas, [shoulder, elbow, hand], skin, 0.022)
        self._disc(canvas, *hand, 0.018, skin)
        head = (neck[0] + 0.004, neck[1] - 0.062)
        self._disc(canvas, *head, 0.05, skin)
        self._ellipse(canvas, head[0], head[1] - 0.022, 0.052, 0.034, (40, 52, 88))
        self._line(canvas, [(head[0] - 0.07, head[1] - 0.03), (head[0] + 0.07, head[1] - 0.03)], (40, 52, 88), 0.012)
        for side in (-0.018, 0.022):
            self._disc(canvas, head[0] + side, head[1], 0.006, (40, 30, 30))
        smile = [(head[0] - 0.018 + 0.009 * i, head[1] + 0.02 + 0.008 * math.sin(math.pi * i / 4)) for i in range(5)]
        self._line(canvas, smile, (60, 60, 150), 0.005)

    def _points(self, points) -> np.ndarray:
        return np.rint(np.asarray(points, float) * self.height * 2**SHIFT).astype(np.int32)

    def _ground(self, canvas, points, colour, light, gone=0.0) -> None:
        """Fill a shape with a colour and what light falls on it, which has gone to the left as far as `gone`."""
        self._fill(canvas, points, colour)
        inside = np.zeros(canvas.shape[:2], np.uint8)
        cv2.fillPoly(inside, [self._points(points)], 255, shift=SHIFT)
        rows = slice(self.height - len(light), None)
        # Mirrored at its ends, so that it goes on for ever.
        away = gone * self.height % (2 * light.shape[1])
        moved = cv2.warpAffine(
            light,
            np.float64([[1, 0, away], [0, 1, 0]]),
            (self.width, len(light)),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        cv2.add(canvas[rows], moved, canvas[rows], inside[rows])

    def _fill(self, canvas, points, colour) -> None:
        cv2.fillPoly(canvas, [self._points(points)], colour, cv2.LINE_AA, SHIFT)

    def _line(self, canvas, points, colour, thick) -> None:
        cv2.polylines(
            canvas, [self._points(points)], False, colour, max(round(thick * self.height), 1), cv2.LINE_AA, SHIFT
        )

    def _disc(self, canvas, x, y, radius, colour) -> None:
        self._ellipse(canvas, x, y, radius, radius, colour)

    def _ellipse(self, canvas, x, y, across, down, colour) -> None:
        (centre, axes) = self._points([(x, y), (across, down)])
        cv2.ellipse(canvas, centre.tolist(), axes.tolist(), 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def _joint(start: tuple[float, float], angle: float, length: float) -> tuple[float, float]:
    """The end of a limb that hangs down from `start`, turned by `angle` radians."""
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _blend(image: np.ndarray, share: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Mix `share` (0..1 for each pixel) of a colour into a float picture, in place."""
    image += share[..., None] * (np.float32(colour) - image)
