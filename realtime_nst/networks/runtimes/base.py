"""What runs a network: OpenVINO on a CPU (`openvino_runtime`), TensorFlow on a GPU (`tensorflow_runtime`).

A network as a runtime sees it takes float32 RGB in [0, 1] and a code. Here it is given uint8 BGR frames
instead: the conversions become part of its graph, where they cost less than in NumPy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ...frames import Image, StyleCode

Stylize = Callable[[Image, StyleCode], Callable[[], Image]]
"""Stylizes frames of one size, (uint8 BGR H x W x 3, float32 code): calling what it returns waits for a new uint8 BGR
H x W x 3 and gives it."""

Compiled = TypeVar("Compiled")


class BySize(Generic[Compiled]):
    """What was compiled for each frame size (height, width), when first asked for; the last two stay.

    Two, so that a new size can be compiled while frames of the old one go on. May be used by several threads.
    """

    def __init__(self, compile: Callable[[tuple[int, int]], Compiled]) -> None:
        self._compile = compile
        self._kept: dict[tuple[int, int], Compiled] = {}
        self._one = threading.Lock()

    def __getitem__(self, size: tuple[int, int]) -> Compiled:
        found = self._kept.get(size)
        if found is None:
            with self._one:
                found = self._kept.get(size) or self._compile(size)
                self._kept = dict([*self._kept.items(), (size, found)][-2:])
        return found

    @property
    def newest(self) -> tuple[int, int]:
        """The size compiled last."""
        return [*self._kept][-1]
