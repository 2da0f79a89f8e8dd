"""Optical flow and the warping error, which measures how much a video flickers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import SourceError
from ..frames import Image


def read_flow(path: Path) -> np.ndarray:
    """Read a Middlebury .flo file.

    Returns:
        float32 H x W x 2: how far each pixel moves to the next frame, (x, y) in pixels.

    Raises:
        SourceError: if the file is not an optical flow file.
    """
    data = path.read_bytes()
    if data[:4] != b"PIEH":
        raise SourceError(f"{path} is not an optical flow file (.flo)")
    width, height = (int(side) for side in np.frombuffer(data, "<i4", 2, 4))
    return np.frombuffer(data, "<f4", 2 * width * height, 12).reshape(height, width, 2)


def estimate_flow(frame: Image, following: Image) -> np.ndarray:
    """Estimate the flow from `frame` to `following`: float32 H x W x 2.

    By dense inverse search (Kroeger et al., "Fast optical flow using dense inverse search", 2016).
    """
    grey, grey_following = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (frame, following))
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return estimator.calc(grey, grey_following, None)  # pyright: ignore[reportCallIssue, reportArgumentType]


def consistent(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Return where two opposite flows agree, so that the pixel is visible in both frames: bool H x W.

    |f + b|^2 <= 0.01 (|f|^2 + |b|^2) + 0.5 (Sundaram, Brox and Keutzer, 2010).
    """
    back = _sample(backward, forward)
    squared_sum = np.sum((forward + back) ** 2, axis=2)
    return squared_sum <= 0.01 * (np.sum(forward**2, axis=2) + np.sum(back**2, axis=2)) + 0.5


def warping_error(frame: Image, following: Image, flow: np.ndarray, visible: np.ndarray) -> float:
    """Return the mean squared difference between `frame` and `following` warped back to it.

    Args:
        frame: uint8 BGR, H x W x 3.
        following: the next frame.
        flow: from `frame` to `following`, float32 H x W x 2.
        visible: the pixels that count: bool H x W. Pixels that leave the image do not count.

    Returns:
        The mean over pixels and channels, in units of 0..255 squared.
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    target_x, target_y = x + flow[..., 0], y + flow[..., 1]
    inside = visible & (target_x >= 0) & (target_x <= width - 1) & (target_y >= 0) & (target_y <= height - 1)
    difference = _sample(following.astype(np.float32), flow) - frame
    return float(np.mean(difference[inside] ** 2))


def _sample(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return `values` at the positions that `flow` points to, interpolated bilinearly."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(values, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
