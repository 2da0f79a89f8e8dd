"""Stand-ins for tests of what surrounds a network, a source or a sink. They do no style transfer."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np

from realtime_nst.frames import Frame
from realtime_nst.networks.base import Network


class MeanColour(Network):
    """A network double: a style's code is its mean colour, and frames are half way to it."""

    name = "double"
    runtime = "NumPy"
    device = "CPU"
    notices = ("this is a double",)

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        """Shapes of the pictures that were transformed."""

    def encode(self, image):
        return image.reshape(-1, 3).mean(axis=0).astype(np.float32)

    def transform(self, image, code):
        self.seen.append(image.shape)
        return cv2.addWeighted(image, 0.5, np.broadcast_to(code, image.shape).astype(np.uint8), 0.5, 0)


class Numbered:
    """A source double: `count` frames, each filled with its number, `fps` of them a second by its own
    clock."""

    name = "numbered"
    fps = 30.0

    def __init__(self, count: int, *, live: bool = False, size=(48, 64)) -> None:
        self.count = count
        self.live = live
        self.size = size
        self.given = 0
        self.closed = threading.Event()

    def read(self):
        if self.given == self.count:
            return None
        self.given += 1
        number = self.given - 1
        return Frame(np.full((*self.size, 3), number % 256, np.uint8), number / self.fps)

    def close(self):
        self.closed.set()


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.closed = 0

    def write(self, frame):
        self.frames.append(frame)

    def poll(self):
        pass

    def close(self):
        self.closed += 1


class Capture:
    """A double of cv2.VideoCapture for cameras, which no build machine has: it gives `picture`, or black ones.

    damaged: the numbers of those that it cannot decode.
    """

    def __init__(self, address, backend, *, opens=(), gives=True, damaged=(), image=None):
        self.address, self.backend = address, backend
        self.opened = address in opens
        self.gives, self.damaged, self.image = gives, damaged, image
        self.number = -1
        self.values = {cv2.CAP_PROP_FPS: 25.0, cv2.CAP_PROP_FRAME_WIDTH: 64, cv2.CAP_PROP_FRAME_HEIGHT: 48}

    def isOpened(self):  # noqa: N802
        return self.opened

    def set(self, prop, value):
        self.values[prop] = value
        return True

    def get(self, prop):
        return self.values.get(prop, 0.0)

    def grab(self):
        time.sleep(0.025)
        self.number += 1
        return self.gives

    def retrieve(self):
        if self.number in self.damaged:
            return False, None
        if self.image is not None:
            return self.gives, self.image
        width, height = self.values[cv2.CAP_PROP_FRAME_WIDTH], self.values[cv2.CAP_PROP_FRAME_HEIGHT]
        return self.gives, np.zeros((int(height), int(width), 3), np.uint8)

    def release(self):
        self.opened = False
