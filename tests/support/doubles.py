"""Stand-ins for hardware that no build machine has, and the package's own test kit under short names."""

from __future__ import annotations

import time

import cv2
import numpy as np

from realtime_nst.testing import CollectingSink as Kept
from realtime_nst.testing import FakeNetwork as MeanColour
from realtime_nst.testing import NumberedSource as Numbered

__all__ = ["Capture", "Kept", "MeanColour", "Numbered"]


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
