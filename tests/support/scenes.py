"""Frames of the built-in scene. Preparing a scene takes about a second, so each size is prepared once for all tests."""

from __future__ import annotations

import functools

from realtime_nst.frames import Frame, Image
from realtime_nst.sources.demo import Scene


@functools.cache
def _scene(size: tuple[int, int]) -> Scene:
    return Scene(*size)


def scene_image(size: tuple[int, int] = (480, 640), time: float = 0.0) -> Image:
    """The scene of (height, width) pixels at `time` seconds, a new array."""
    return _scene(size).draw(time)


def scene_frames(count: int, size: tuple[int, int] = (480, 640), fps: float = 30.0) -> list[Frame]:
    """The first frames that `DemoSource(size, fps)` gives."""
    return [Frame(scene_image(size, number / fps), number / fps) for number in range(count)]
