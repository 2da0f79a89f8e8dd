"""Types and helpers that the runtimes share. See `openvino` for CPUs and `tensorflow` for GPUs.

Inside a runtime, a network takes float32 RGB in [0, 1] and a style code. Callers pass uint8 BGR frames: the conversions
are part of the compiled graph, where they cost less than in NumPy.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from ...errors import ArgumentError, RunError
from ...frames import Image, StyleCode

Stylize: TypeAlias = Callable[[Image, StyleCode], Callable[[], Image]]
"""Starts to stylize a frame of one size (uint8 BGR, H x W x 3) with a style code (float32). Returns a function that
waits for the result, a new uint8 BGR image of H x W x 3."""

Compiled = TypeVar("Compiled")


class BySize(Generic[Compiled]):
    """Compiled models by frame size, each compiled when first requested. The last two are kept.

    There are two so that a new size can be compiled while frames of the old one are processed. Any thread may use it.

    Args:
        compile: makes the model for a frame size (height, width).
    """

    def __init__(self, compile: Callable[[tuple[int, int]], Compiled]) -> None:
        self._compile = compile
        self._models: dict[tuple[int, int], Compiled] = {}
        self._compiling = threading.Lock()

    def __getitem__(self, size: tuple[int, int]) -> Compiled:
        model = self._models.get(size)
        if model is None:
            with self._compiling:
                model = self._models.get(size) or self._compile(size)
                self._models = dict([*self._models.items(), (size, model)][-2:])
        return model

    @property
    def newest(self) -> tuple[int, int]:
        """The size compiled last, (height, width)."""
        return [*self._models][-1]


def shaped_code(code: StyleCode, shape: tuple[int, ...]) -> StyleCode:
    """Return a style code in the shape that a network takes.

    Raises:
        ArgumentError: if it is the code of another network.
    """
    if code.size != math.prod(shape):
        raise ArgumentError(
            f"this model's style codes have {math.prod(shape)} numbers, not {code.size}: encode the style with the "
            "stylizer that is to use it"
        )
    return np.reshape(code, shape)


def check_finite(mean: float) -> None:
    """Check a mean of the values that a network computed.

    Raises:
        RunError: if it is NaN or infinite, as it is if a value is.
    """
    if not math.isfinite(mean):
        raise RunError(
            "the model computed NaN or infinite values instead of an image: it is damaged or was made for other "
            "inputs; choose another --model"
        )


def first_line(error: Exception) -> str:
    """Return the kind of an error and the first line of its message: runtimes append pages of context."""
    message = str(error).strip()
    return f"{type(error).__name__}: {message.splitlines()[0] if message else ''}"
