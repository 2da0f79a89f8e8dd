"""Pairs of consecutive frames with the optical flow between them, for the warping error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SourceError
from ..frames import Image
from ..media.images import read_image
from ..sources.clip import ClipSource
from .warping import consistent, estimate_flow, read_flow, warping_error

CLIP_SUFFIXES = (".mp4", ".mkv", ".mov", ".webm", ".avi")


class FramePair(NamedTuple):
    """Two consecutive frames of a clip."""

    one: Image
    two: Image
    flow: np.ndarray
    """Optical flow from `one` to `two`: float32 H x W x 2, (x, y) in pixels."""
    visible: np.ndarray
    """The pixels that are visible in both: bool H x W."""
    passed: list[Image] | None = None
    """The clip's frames between the previous pair and this one; None for the first pair of a clip."""

    def warping_error(self, one: Image, two: Image) -> float:
        """Return the warping error of two images made from this pair's frames."""
        return warping_error(one, two, self.flow, self.visible)


def frame_pairs(folder: Path, every: int = 10) -> Iterator[FramePair]:
    """Yield pairs of frames from the clips in a folder.

    Args:
        folder: holds video files, or folders of frames with true flow as MPI Sintel has them: frame_NNNN.png,
            gt/frame_NNNN.flo, and optional masks in gt/occlusions/ and gt/invalid/.
        every: in a video file, each `every`-th frame and the next one form a pair, with estimated flow.

    Raises:
        SourceError: if there is nothing to measure.
    """
    flows = sorted(folder.rglob("*.flo"))
    clips = sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIP_SUFFIXES)
    if not flows and not clips:
        raise SourceError(f"{folder} holds neither video files nor frames with true flow (gt/*.flo)")
    for path in flows:
        yield _true_pair(path)
    for path in clips:
        yield from _estimated_pairs(path, every)


def _true_pair(flow_file: Path) -> FramePair:
    frames = flow_file.parent.parent
    number = int(flow_file.stem.split("_")[-1])
    one, two = (read_image(frames / f"frame_{n:04d}.png") for n in (number, number + 1))
    flow = read_flow(flow_file)
    masks = [flow_file.parent / kind / f"{flow_file.stem}.png" for kind in ("occlusions", "invalid")]
    hidden = [read_image(mask)[..., 0] > 127 for mask in masks if mask.exists()]
    return FramePair(one, two, flow, ~np.any(hidden, axis=0) if hidden else np.ones(flow.shape[:2], bool))


def _estimated_pairs(path: Path, every: int) -> Iterator[FramePair]:
    unpaired: list[Image] = []
    paired = False
    with closing(ClipSource(path)) as source:
        while (frame := source.read()) is not None:
            unpaired.append(frame.image)
            if len(unpaired) == (every if paired else 2):
                *passed, one, two = unpaired
                forward = estimate_flow(one, two)
                visible = consistent(forward, estimate_flow(two, one))
                yield FramePair(one, two, forward, visible, passed if paired else None)
                unpaired, paired = [], True
