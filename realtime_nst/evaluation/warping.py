"""Optical flow and the warping error: how much a video flickers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import SourceError
from ..frames import Image


def read_flow(path: Path) -> np.ndarray:
    """A Middlebury .flo file as float32 H x W x 2: how far each pixel moves to the next frame, (x, y) in pixels."""
    data = path.read_bytes()
    if data[:4] != b"PIEH":
        raise SourceError(f"{path} is no optical flow file (.flo)")
    width, height = np.frombuffer(data, "<i4", 2, 4)
    return np.frombuffer(data, "<f4", 2 * width * height, 12).reshape(height, width, 2)


def estimate_flow(frame: Image, following: Image) -> np.ndarray:
    """Flow from `frame` to `following` by dense inverse search (Kroeger et al. 2016), float32 H x W x 2."""
    grey = [cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) for image in (frame, following)]
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None)


def consistent(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Where both flows agree, so that nothing is hidden in either frame: bool H x W.

    |f + b|^2 <= 0.01 (|f|^2 + |b|^2) + 0.5 (Sundaram, Brox and Keutzer 2010).
    """
    back = _sample(backward, forward)
    abs_difference = np.sum((forward + back) ** 2, axis=2)
    return abs_difference <= 0.01 * (np.sum(forward**2, axis=2) + np.sum(back**2, axis=2)) + 0.5


def warping_error(frame: Image, following: Image, flow: np.ndarray, visible: np.ndarray) -> float:
    """Mean squared difference between `frame` and `following` fetched back along `flow`, over `visible` pixels.

    On the scale of 0..255, over pixels and channels. Pixels that leave the picture do not count.
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    tx, ty = x + flow[..., 0], y + flow[..., 1]
    inside = visible & (tx >= 0) & (tx <= width - 1) & (ty >= 0) & (ty <= height - 1)
    difference = _sample(following.astype(np.float32), flow) - frame
    return float(np.mean(difference[inside] ** 2))


def _sample(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(values, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
