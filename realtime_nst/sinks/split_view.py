"""Compare: the original on one side of a line, the stylized frame on the other."""

from __future__ import annotations

from collections.abc import Callable

from .._closing import Closing
from ..frames import Frame, Image
from ..interfaces import Sink


class SplitView(Closing):
    """A sink that passes frames on to another one: as they came in left of a line, stylized right of it.

    Args:
        sink: receives the frames, and is closed with this one.
        place: returns where the line is, from 0 (left) to 1 (right); None: frames are passed on as they are.
    """

    def __init__(self, sink: Sink, place: Callable[[], float | None]) -> None:
        self._sink = sink
        self._place = place

    def write(self, frame: Frame) -> None:
        place = self._place()
        if place is not None and frame.original is not None:
            frame = frame._replace(image=split(frame.original, frame.image, place))
        self._sink.write(frame)

    def poll(self) -> None:
        self._sink.poll()

    def close(self) -> None:
        self._sink.close()


def split(original: Image, stylized: Image, place: float) -> Image:
    """Return `stylized` with `original` left of a white line at `place` (0 to 1 of the width). Both are left alone."""
    width = stylized.shape[1]
    x = round(place * width)
    image = stylized.copy()
    image[:, :x] = original[:, :x]
    half = max(width // 640, 1)
    image[:, max(x - half, 0) : x + half] = 255
    return image
