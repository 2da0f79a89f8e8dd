"""Temporal consistency: strokes are held where they were in the previous stylized frame, along the optical flow."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import Image
from ..media.resize import downscale
from .denoise import WINDOW, abs_difference

Box = tuple[slice, slice]
"""Rows and columns."""


class TemporalConsistency:
    """A recursive filter along the optical flow for the stylized frames of one stream, in order.

    The flow is estimated between the network inputs of both frames. Where the previous input, warped along the flow,
    differs from the new one by no more than `tolerance`, the output keeps `memory` of the previous output, warped along
    the same flow. Elsewhere, and if less than half of a frame was visible before, the new frame is returned as it is.
    Lai et al., "Learning Blind Video Temporal Consistency", 2018, train a network for the same purpose. Only details
    that are visible at the network's resolution are held: finer lines come from the new frame, so that little blurs.

    Args:
        memory: share of the previous output that is kept, 0 to 1.
        tolerance: mean absolute difference, in levels of 255, up to which a warped pixel counts as the same.
        quick: for networks that leave little time and draw similar strokes in every frame. The flow is estimated only
            in a box around everything that differs by more than three levels on average, with fewer patches: this takes
            a fifth less time, and the warping error is 5 % larger. In that box at most half of the previous output is
            kept, because strokes that differ slightly wash each other out: a handheld clip keeps 15 % more of its
            contrast, and its warping error is 7 % larger.
    """

    def __init__(self, memory: float = 0.7, tolerance: float = 9.0, quick: bool = False) -> None:
        self._memory, self._tolerance = memory, tolerance
        self._still, self._memory_moving = (3.0, min(memory, 0.5)) if quick else (0.0, memory)
        # Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016) at half of the
        # network's resolution, with a third of the fastest preset's iterations. One level finer would reduce flicker by
        # a tenth and cost clips another twentieth of their frame rate.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setGradientDescentIterations(4)
        if quick:
            self._flow.setPatchStride(5)
        self._previous: tuple[Image, Image] | None = None
        """The previous output and network input, both reduced."""
        self._grid = np.zeros((0, 0, 2), np.float32)

    def __call__(self, stylized: Image, network_input: Image) -> Image:
        """Return the next stylized frame with less flicker.

        The first frame, and any frame whose network input has a new size, starts a new stream and is returned as it is.
        So is every frame whose network input is smaller than 32 pixels, or sixteen times as long as it is wide, because
        no flow can be estimated there.

        Args:
            stylized: uint8 BGR, H x W x 3.
            network_input: the network's input for this frame, uint8 BGR, h x w x 3.

        Returns:
            uint8 BGR of the size of `stylized`.
        """
        short, long = sorted(network_input.shape[:2])
        if 16 * short < max(long, 512):
            return stylized
        width, height = network_input.shape[1] // 2, network_input.shape[0] // 2
        half = cv2.resize(network_input, (width, height), interpolation=cv2.INTER_AREA)
        small = downscale(stylized, (2 * height, 2 * width))
        previous, self._previous = self._previous, (small, half)
        if previous is None or previous[1].shape != half.shape:
            self._grid = np.dstack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in (width, height))))
            return stylized
        held = self._hold(small, half, *previous)
        if held is None:
            return stylized
        self._previous = held, half
        # As bytes around 128: signed numbers take three times as long.
        change = cv2.addWeighted(held, 1, small, -1, 128)
        change = cv2.resize(change, stylized.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return cv2.addWeighted(stylized, 1, change, 1, -128)

    def forget(self) -> None:
        """Start a new stream with the next frame, which is meant to look different."""
        self._previous = None

    def _hold(self, small: Image, half: Image, previous_small: Image, previous_half: Image) -> Image | None:
        """Return `small` with its strokes held, or None if too little of it was visible before.

        Args:
            small: the stylized frame at the network's resolution.
            half: the network input at half of it.
            previous_small: the previous output, like `small`.
            previous_half: the previous network input, like `half`.
        """
        moves = abs_difference(half, previous_half) > int(WINDOW**2 * self._still)
        held = _mix(previous_small, small, self._memory)
        box = _bounding_box(moves)
        if box is None:
            return held
        positions = self._previous_positions(half[box], previous_half[box])
        new = abs_difference(half[box], _warp(previous_half[box], positions)) > int(WINDOW**2 * self._tolerance)
        if 2 * cv2.countNonZero(new.view(np.uint8)) > moves.size:
            return None
        rows, columns = box
        region = slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop)
        small = small[region]
        # The centre of pixel x at half the size is at 2x + 1/2.
        positions = _double(cv2.addWeighted(positions, 2, positions, 0, 0.5), cv2.INTER_LINEAR)
        along = _mix(_warp(previous_small[region], positions), small, self._memory_moving)
        cv2.copyTo(small, _double(new.view(np.uint8), cv2.INTER_NEAREST), along)
        held[region] = along
        return held

    def _previous_positions(self, half: Image, previous_half: Image) -> npt.NDArray[Any]:
        """Return where each pixel was in the previous frame: float32 H x W x 2, (x, y) in pixels."""
        grey, previous_grey = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (half, previous_half))
        flow = self._flow.calc(grey, previous_grey, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return cv2.add(flow, self._grid[: half.shape[0], : half.shape[1]])


def _bounding_box(moves: npt.NDArray[np.bool_], margin: int = 4) -> Box | None:
    """Return the box around all True pixels, or None if there are none.

    Its sides are at least 48 pixels, if the image is that large, and an eighth of the long side: on a smaller image
    dense inverse search lowers its finest level permanently.
    """
    left, top, width, height = cv2.boundingRect(moves.view(np.uint8))
    if not width:
        return None
    least = max(48, max(moves.shape) // 8)

    def extent(begin: int, length: int, size: int) -> slice:
        first = max(min(begin - margin, size - least), 0)
        return slice(first, min(max(begin + length + margin, first + least), size))

    return extent(top, height, moves.shape[0]), extent(left, width, moves.shape[1])


def _mix(previous: Image, new: Image, memory: float) -> Image:
    return cv2.addWeighted(previous, memory, new, 1 - memory, 0)


def _double(image: npt.NDArray, interpolation: int) -> npt.NDArray:
    return cv2.resize(image, (2 * image.shape[1], 2 * image.shape[0]), interpolation=interpolation)


def _warp(image: Image, positions: npt.NDArray[Any]) -> Image:
    """Sample `image` at `positions`: float32 H x W x 2, (x, y) in pixels."""
    fixed, fractions = cv2.convertMaps(positions, None, cv2.CV_16SC2)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return cv2.remap(image, fixed, fractions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
