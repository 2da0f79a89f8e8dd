"""Strokes kept where they were: what is made of a frame, held to what was made of the one before."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import Image
from ..media.resize import downscale
from .denoise import SIDE, abs_difference


class TemporalConsistency:
    """A recursive filter over time along the optical flow, for one stream's stylized frames in their order.

    The flow is found between what the network saw of both frames. Where that, fetched along it, differs by no more than
    `tolerance` levels of 255 in the mean, `memory` of the stylized frame before stays, fetched along it as well;
    elsewhere, and where less than half of a frame has been there before, the new frame stays as it is (a short way to
    what Lai et al., "Learning Blind Video Temporal Consistency", 2018, train a network for). Only what can be seen at
    the size that the network sees is held: finer lines are the new frame's, so that little blurs.

    quick: for networks that leave little time and make much the same strokes again. The flow is looked for in a box
    around all that differs by more than three levels in the mean, with fewer patches: a fifth less time, and the
    warping error is 5 % larger. In that box no more than half of the frame before stays, because strokes that are not
    quite the same wash each other out: of a handheld clip's contrast 15 % more is left, and its warping error is 7 %
    larger.
    """

    def __init__(self, memory: float = 0.7, tolerance: float = 9.0, quick: bool = False) -> None:
        self._memory, self._tolerance = memory, tolerance
        self._still, self._memory_moving = (3.0, min(memory, 0.5)) if quick else (0.0, memory)
        # Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), of half of what
        # the network saw, with a third of the fastest preset's steps: one level finer would be steadier by a tenth and
        # cost clips another twentieth of their frames.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setGradientDescentIterations(4)
        if quick:
            self._flow.setPatchStride(5)
        self._before: tuple[Image, Image] | None = None
        self._grid = np.zeros((0, 0, 2), np.float32)

    def __call__(self, styled: Image, seen: Image) -> Image:
        """The next stylized frame, steadier; `seen` is what the network saw of it. Both uint8 BGR.

        The first frame, and one that is seen in another size, begins a new stream: it stays as it is. So do all that
        are seen smaller than 32 pixels, or sixteen times as long as they are wide: flow cannot be found in these.
        """
        short, long = sorted(seen.shape[:2])
        if 16 * short < max(long, 512):
            return styled
        width, height = seen.shape[1] // 2, seen.shape[0] // 2
        half = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
        small = downscale(styled, (2 * height, 2 * width))
        before, self._before = self._before, (small, half)
        if before is None or before[1].shape != half.shape:
            self._grid = np.dstack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in (width, height))))
            return styled
        held = self._held(small, half, *before)
        if held is None:
            return styled
        self._before = held, half
        # In bytes around the middle: signed numbers take three times as long.
        change = cv2.addWeighted(held, 1, small, -1, 128)
        change = cv2.resize(change, styled.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return cv2.addWeighted(styled, 1, change, 1, -128)

    def forget(self) -> None:
        """Begin anew with the next frame: it is to look otherwise."""
        self._before = None

    def _held(self, small: Image, half: Image, small_before: Image, half_before: Image) -> Image | None:
        """`small` held to the one before; None where there is too little to hold it to. half: what the network saw of
        both, at half the size."""
        moves = abs_difference(half, half_before) > int(SIDE**2 * self._still)
        held = _mixed(small_before, small, self._memory)
        box = _around(moves)
        if box is None:
            return held
        places = self._places(half[box], half_before[box])
        new = abs_difference(half[box], _fetched(half_before[box], places)) > int(SIDE**2 * self._tolerance)
        if 2 * cv2.countNonZero(new.view(np.uint8)) > moves.size:
            return None
        there = tuple(slice(2 * side.start, 2 * side.stop) for side in box)
        small = small[there]
        # The middle of pixel x of half the size is at 2x + 1/2.
        places = _doubled(cv2.addWeighted(places, 2, places, 0, 0.5), cv2.INTER_LINEAR)
        along = _mixed(_fetched(small_before[there], places), small, self._memory_moving)
        cv2.copyTo(small, _doubled(new.view(np.uint8), cv2.INTER_NEAREST), along)
        held[there] = along
        return held

    def _places(self, half: Image, half_before: Image) -> np.ndarray:
        """Where each pixel was before: float32 H x W x 2, (x, y) in pixels."""
        flow = self._flow.calc(*(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (half, half_before)), None)
        return cv2.add(flow, self._grid[: half.shape[0], : half.shape[1]])


def _around(moves: np.ndarray, margin: int = 4) -> tuple[slice, slice] | None:
    """The rows and columns of the box around all pixels that are True in `moves`; None: there are none.

    Never less than 48 pixels, if there are so many, nor than an eighth of the long side: of less, dense inverse search
    finds the flow at a finer level than it was asked for, from then on.
    """
    left, top, width, height = cv2.boundingRect(moves.view(np.uint8))
    if not width:
        return None
    least = max(48, max(moves.shape) // 8)
    box = []
    for begin, length, size in ((top, height, moves.shape[0]), (left, width, moves.shape[1])):
        first = max(min(begin - margin, size - least), 0)
        box.append(slice(first, min(max(begin + length + margin, first + least), size)))
    return tuple(box)


def _mixed(before: Image, new: Image, memory: float) -> Image:
    return cv2.addWeighted(before, memory, new, 1 - memory, 0)


def _doubled(image: np.ndarray, way: int) -> np.ndarray:
    return cv2.resize(image, (2 * image.shape[1], 2 * image.shape[0]), interpolation=way)


def _fetched(image: Image, places: np.ndarray) -> Image:
    """`picture` at `places`, float32 H x W x 2, (x, y) in pixels."""
    return cv2.remap(
        image, *cv2.convertMaps(places, None, cv2.CV_16SC2), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
