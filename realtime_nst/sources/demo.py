"""The built-in scene as a source, so that the program can be tried without a camera or a file."""

from __future__ import annotations

from .._closing import Closing
from ..frames import Frame
from .scene.scene import Scene

__all__ = ["DemoSource", "Scene"]


class DemoSource(Closing):
    """A person by a lake; it never ends.

    Frame n shows the scene at n / fps seconds, the same on every machine up to rounding.

    Args:
        size: (height, width) in pixels.
        fps: frames per second.
        grain: standard deviation of film grain in levels of 255; 0 for none.
    """

    name = "demo"
    live = False

    def __init__(self, size: tuple[int, int] = (480, 640), fps: float = 30.0, grain: float = 0.0) -> None:
        self.size = size
        self.fps = fps
        self._scene = Scene(*size, grain)
        self._frames = 0

    def read(self) -> Frame:
        """Return the next frame, without waiting."""
        time = self._frames / self.fps
        self._frames += 1
        return Frame(self._scene.draw(time), time)

    def close(self) -> None:
        pass
