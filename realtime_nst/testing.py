"""Test kit: small stand-ins for a network, a source and a sink, and a real network camera.

Use them to test a source, sink or network of your own without a model, a camera or a screen:

    from realtime_nst import RenderParams, Stylizer, run
    from realtime_nst.testing import CollectingSink, FakeNetwork, NumberedSource

    stylizer, sink = Stylizer(FakeNetwork()), CollectingSink()
    code = stylizer.encode(NumberedSource(1).read().image)
    run(NumberedSource(30), stylizer, [sink], lambda frame: RenderParams(code), live=False)
    assert len(sink.frames) == 30
"""

from __future__ import annotations

import threading

import cv2
import numpy as np

from ._closing import Closing
from .bench.camera_server import camera_server
from .frames import Frame, Image, StyleCode
from .networks.base import Network

__all__ = ["CollectingSink", "FakeNetwork", "NumberedSource", "camera_server"]


class FakeNetwork(Network):
    """A network that does no style transfer: it tints each frame half way to the style image's mean colour.

    Its style code is that colour, BGR, float32.

    Attributes:
        seen: shapes of the images that were transformed.
    """

    name = "double"
    runtime = "NumPy"
    device = "CPU"
    notices = ("this is a double",)

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def encode(self, image: Image) -> StyleCode:
        return np.asarray(cv2.mean(image)[:3], np.float32)

    def transform(self, image: Image, code: StyleCode) -> Image:
        self.seen.append(image.shape)
        return cv2.addWeighted(image, 0.5, np.broadcast_to(code, image.shape).astype(np.uint8), 0.5, 0)


class NumberedSource(Closing):
    """A source of `count` frames. Each is filled with its number (modulo 256) and delivered at once.

    Attributes:
        given: how many frames were read.
        closed: set once the source was closed.
    """

    name = "numbered"
    fps = 30.0

    def __init__(self, count: int, *, live: bool = False, size: tuple[int, int] = (48, 64)) -> None:
        self.count = count
        self.live = live
        self.size = size
        self.given = 0
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        if self.given == self.count:
            return None
        number = self.given
        self.given += 1
        return Frame(np.full((*self.size, 3), number % 256, np.uint8), number / self.fps)

    def close(self) -> None:
        self.closed.set()


class CollectingSink(Closing):
    """A sink that keeps every frame.

    Attributes:
        frames: the frames, in order.
        closed: how often `close` was called.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.closed = 0

    def write(self, frame: Frame) -> None:
        self.frames.append(frame)

    def poll(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1
