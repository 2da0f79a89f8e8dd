"""Strokes kept where they were: what is made of a frame, held to what was made of the one before."""

from __future__ import annotations

import cv2
import numpy as np

from .denoise import SIDE, apart
from .frames import Picture


class TemporalConsistency:
    """A recursive filter over time along the optical flow, for one stream's stylized frames in their order.

    The flow is found between what the network saw of both frames. Where that, fetched along it, differs by no more than
    `tolerance` levels of 255 in the mean, `memory` of the stylized frame before stays, fetched along it as well;
    elsewhere, and where less than half of a frame has been there before, the new frame stays as it is (a short way to
    what Lai et al., "Learning Blind Video Temporal Consistency", 2018, train a network for). Only what can be seen at
    the size that the network sees is held: finer lines are the new frame's, so that little blurs.
    """

    def __init__(self, memory: float = 0.7, tolerance: float = 9.0) -> None:
        self._memory, self._tolerance = memory, tolerance
        # Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), of half of what
        # the network saw, with a third of the fastest preset's steps: one level finer would be steadier by a tenth and
        # cost clips another twentieth of their frames.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setGradientDescentIterations(4)
        self._before: tuple[Picture, Picture] | None = None
        self._grid = np.zeros((0, 0, 2), np.float32)

    def __call__(self, styled: Picture, seen: Picture) -> Picture:
        """The next stylized frame, steadier; `seen` is what the network saw of it. Both uint8 BGR.

        The first frame, and one that is seen in another size, begins a new stream: it stays as it is. So do all that
        are seen smaller than 32 pixels, or sixteen times as long as they are wide: flow cannot be found in these.
        """
        short, long = sorted(seen.shape[:2])
        if 16 * short < max(long, 512):
            return styled
        size = seen.shape[1::-1]
        small = cv2.resize(styled, size, interpolation=cv2.INTER_AREA)
        half = cv2.resize(seen, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA)
        before, self._before = self._before, (small, half)
        if before is None or before[0].shape != small.shape:
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

    def _held(self, small: Picture, half: Picture, small_before: Picture, half_before: Picture) -> Picture | None:
        """`small` held to the one before; None where there is too little to hold it to. half: what the network saw of
        both, at half the size."""
        size = small.shape[1::-1]
        flow = self._flow.calc(*(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (half, half_before)), None)
        if self._grid.shape != flow.shape:
            self._grid = np.dstack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in half.shape[1::-1])))
        places = cv2.add(flow, self._grid)
        new = (apart(half, _fetched(half_before, places)) > int(SIDE**2 * self._tolerance)).view(np.uint8)
        if 2 * cv2.countNonZero(new) > new.size:
            return None
        # The middle of pixel x of half the size is at 2x + 1/2.
        places = cv2.resize(cv2.addWeighted(places, 2, places, 0, 0.5), size, interpolation=cv2.INTER_LINEAR)
        mixed = cv2.addWeighted(_fetched(small_before, places), self._memory, small, 1 - self._memory, 0)
        return cv2.copyTo(small, cv2.resize(new, size, interpolation=cv2.INTER_NEAREST), mixed)


def _fetched(picture: Picture, places: np.ndarray) -> Picture:
    """`picture` at `places`, float32 H x W x 2, (x, y) in pixels."""
    return cv2.remap(
        picture, *cv2.convertMaps(places, None, cv2.CV_16SC2), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
