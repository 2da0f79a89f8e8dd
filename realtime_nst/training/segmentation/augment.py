"""Pictures to train with: crops of labelled ones in other light, and people in front of other backgrounds."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from realtime_nst.frames import Image

COMPOSITES = 0.4
"""Fraction of pictures whose people are put in front of another picture."""

EMPTY, SOME = 0.02, (0.05, 0.7)
"""Mean probability below which a picture is a background, and between which it has people that can be cut out."""


class Augmented:
    """Draws batches of augmented pictures and masks.

    Args:
        images: uint8 BGR, N x S x S x 3.
        masks: uint8, N x S x S, 255 times the probability of a person.
        size: height and width of what is drawn.
        rng: chooses.
    """

    def __init__(self, images: np.ndarray, masks: np.ndarray, size: tuple[int, int], rng: np.random.Generator):
        self._images, self._masks, self._size, self._rng = images, masks, size, rng
        share = masks.mean((1, 2)) / 255
        self._people = np.flatnonzero((share > SOME[0]) & (share < SOME[1]))
        self._empty = np.flatnonzero(share < EMPTY)
        # Half of what is drawn has people.
        self._likely = np.where(share > EMPTY, 1 / (share > EMPTY).sum(), 1 / max((share <= EMPTY).sum(), 1))
        self._likely = self._likely / self._likely.sum()

    def batch(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return images, float32 BGR, 0..1, B x H x W x 3, and masks, float32, B x H x W x 1."""
        pairs = [self._one() for _ in range(count)]
        images, masks = (np.stack(each) for each in zip(*pairs))
        return images.astype(np.float32) / 255, masks[..., np.newaxis].astype(np.float32) / 255

    def _one(self) -> tuple[Image, np.ndarray]:
        rng = self._rng
        if rng.random() < COMPOSITES:
            image, mask = self._crop(rng.choice(self._people), 0.8)
            ground = self._lit(self._crop(rng.choice(self._empty), 0.4)[0])
            share = mask[..., np.newaxis] / 255.0
            image = np.rint(share * self._lit(image) + (1 - share) * ground).astype(np.uint8)
        else:
            image, mask = self._crop(rng.choice(len(self._images), p=self._likely), 0.5)
            image = self._lit(image)
        return self._worn(image), mask

    def _crop(self, index: int, least: float) -> tuple[Image, np.ndarray]:
        """Cut a random part, `least` to 1 of the sides, turned a little, mirrored at random."""
        rng, side = self._rng, self._images.shape[1]
        height, width = self._size
        cut = side * rng.uniform(least, 1.0)
        aspect = rng.uniform(0.85, 1.2)
        scale = np.array([width / cut * aspect, height / cut / aspect])
        angle = rng.normal(0, 5) * np.pi / 180
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale[:, np.newaxis]
        if rng.random() < 0.5:
            turn[0] *= -1
        centre = side / 2 + (side - cut) / 2 * rng.uniform(-1, 1, 2)
        move = np.array([width, height]) / 2 - turn @ centre
        matrix = np.hstack([turn, move[:, np.newaxis]])
        image, mask = (
            cv2.warpAffine(each[index], matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
            for each in (self._images, self._masks)
        )
        return image, mask

    def _lit(self, image: Image) -> Image:
        """Change light and colours."""
        rng = self._rng
        curve = np.arange(256) / 255.0
        curves = [
            np.clip(gain * curve**gamma, 0, 1)
            for gain, gamma in zip(
                rng.normal(rng.uniform(0.7, 1.25), 0.06, 3), rng.normal(rng.uniform(0.75, 1.35), 0.04, 3)
            )
        ]
        table = np.rint(255 * np.stack(curves, axis=-1)).astype(np.uint8)[np.newaxis]
        image = cv2.LUT(image, table)
        if rng.random() < 0.1:
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        return image

    def _worn(self, image: Image) -> Image:
        """Blur, add noise and compress, as cameras do."""
        rng = self._rng
        if rng.random() < 0.3:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.4))
        if rng.random() < 0.5:
            noise = rng.normal(0, rng.uniform(0, 10), image.shape)
            image = np.clip(image + noise, 0, 255).astype(np.uint8)
        if rng.random() < 0.3:
            _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
            image = cast(Image, cv2.imdecode(packed, cv2.IMREAD_COLOR))
        return image
