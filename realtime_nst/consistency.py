"""Strokes kept where they were: what is made of a frame, held to what was shown of the one before."""

from __future__ import annotations

import cv2
import numpy as np

from .denoise import SIDE, apart
from .frames import Picture


class TemporalConsistency:
    """A recursive filter over time, along the optical flow where something moves, for one stream's stylized frames in
    their order.

    Where what the network saw of two frames differs by no more than `still` levels of 255, nothing moves: `memory` of
    what was shown before stays. Around all that moves, the flow is found between what the network saw of both frames.
    Where that, fetched along it, differs by no more than `tolerance` levels in the mean, `memory` of what was shown
    before stays, fetched along it as well; elsewhere, and where less than half of a frame has been there before, the
    new frame stays as it is (a short way to what Lai et al., "Learning Blind Video Temporal Consistency", 2018, train
    a network for). Of what moves only what can be seen at the size that the network sees is held: finer lines are the
    new frame's, so that little blurs.
    """

    def __init__(self, memory: float = 0.7, still: float = 10.0, tolerance: float = 9.0) -> None:
        self._memory, self._still, self._tolerance = memory, still, tolerance
        # Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), of half of what
        # the network saw, with a third of the fastest preset's steps: one level finer would be steadier by a tenth and
        # cost clips another twentieth of their frames.
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._flow.setFinestScale(1)
        self._flow.setPatchStride(5)
        self._flow.setGradientDescentIterations(4)
        self._before: tuple[Picture, Picture] | None = None
        self._grid = np.zeros((0, 0, 2), np.float32)

    def __call__(self, styled: Picture, seen: Picture) -> Picture:
        """The next stylized frame, steadier; `seen` is what the network saw of it. Both uint8 BGR.

        It is looked at again with the next frame: not to be drawn into. The first frame, and one that has or is seen in
        another size, begins a new stream: it stays as it is. So do all that are seen smaller than 32 pixels, or sixteen
        times as long as they are wide: flow cannot be found in these.
        """
        short, long = sorted(seen.shape[:2])
        if 16 * short < max(long, 512):
            return styled
        half = cv2.resize(seen, (seen.shape[1] // 2, seen.shape[0] // 2), interpolation=cv2.INTER_AREA)
        before, self._before = self._before, (styled, half)
        if before is None or (before[0].shape, before[1].shape) != (styled.shape, half.shape):
            return styled
        shown = self._held(styled, half, *before)
        self._before = shown, half
        return shown

    def forget(self) -> None:
        """Begin anew with the next frame: it is to look otherwise."""
        self._before = None

    def _held(self, styled: Picture, half: Picture, shown_before: Picture, half_before: Picture) -> Picture:
        """`styled` held to what was shown before; half: what the network saw of both, at half the size."""
        moves = cv2.cvtColor(cv2.absdiff(half, half_before), cv2.COLOR_BGR2GRAY) > self._still
        box = _around(moves)
        if box is None:
            return self._mixed(shown_before, styled)
        half, half_before = half[box], half_before[box]
        places = self._places(half, half_before)
        new = (apart(half, _fetched(half_before, places)) > int(SIDE**2 * self._tolerance)).view(np.uint8)
        if 2 * cv2.countNonZero(new) > moves.size:
            return styled
        shown = self._mixed(shown_before, styled) if new.size < moves.size else np.empty_like(styled)
        there = _scaled(box, moves.shape, styled.shape)
        styled, shown_before = styled[there], shown_before[there]
        size = 2 * new.shape[1], 2 * new.shape[0]
        small, small_before = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (styled, shown_before))
        # The middle of pixel x of half the size is at 2x + 1/2.
        places = cv2.resize(cv2.addWeighted(places, 2, places, 0, 0.5), size, interpolation=cv2.INTER_LINEAR)
        held = self._mixed(_fetched(small_before, places), small)
        cv2.copyTo(small, cv2.resize(new, size, interpolation=cv2.INTER_NEAREST), held)
        # In bytes around the middle: signed numbers take three times as long.
        change = cv2.addWeighted(held, 1, small, -1, 128)
        change = cv2.resize(change, styled.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        cv2.addWeighted(styled, 1, change, 1, -128, dst=shown[there])
        return shown

    def _mixed(self, before: Picture, new: Picture) -> Picture:
        return cv2.addWeighted(before, self._memory, new, 1 - self._memory, 0)

    def _places(self, half: Picture, half_before: Picture) -> np.ndarray:
        """Where each pixel was before: float32 H x W x 2, (x, y) in pixels."""
        flow = self._flow.calc(*(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY) for one in (half, half_before)), None)
        height, width = half.shape[:2]
        if self._grid.shape[0] < height or self._grid.shape[1] < width:
            rows, columns = np.maximum(self._grid.shape[:2], half.shape[:2])
            self._grid = np.dstack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in (columns, rows))))
        return cv2.add(flow, self._grid[:height, :width])


def _around(moves: np.ndarray, margin: int = 6) -> tuple[slice, slice] | None:
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


def _scaled(box: tuple[slice, slice], shape: tuple[int, ...], to: tuple[int, ...]) -> tuple[slice, slice]:
    """A box of a picture of `shape`, in one that is `to`."""
    return tuple(slice(s.start * new // old, s.stop * new // old) for s, old, new in zip(box, shape, to))


def _fetched(picture: Picture, places: np.ndarray) -> Picture:
    """`picture` at `places`, float32 H x W x 2, (x, y) in pixels."""
    return cv2.remap(
        picture, *cv2.convertMaps(places, None, cv2.CV_16SC2), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
