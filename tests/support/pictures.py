"""Images, feature weights and frames with known flow, made by our own code."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from realtime_nst.media.images import write_image

from .scenes import scene_image

VGG16_BLOCKS = ((2, 8), (2, 12), (3, 16), (3, 24))
"""Convolutions and channels of the blocks, as VGG-16 up to block4_conv3 has them; its channels are 64 to 512."""


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """An image with large shapes and fine grain, uint8 BGR: one frame of the built-in scene, as a camera sees it.

    Each `seed` shows the scene seven seconds later than the one before.
    """
    image = scene_image((height, width), 7.0 * seed)
    grain = np.random.default_rng(seed).normal(0, 4, (height, width, 1)).astype(np.float32)
    return cv2.add(image, np.repeat(grain, 3, axis=2), dtype=cv2.CV_8U)


def texture(side: int, seed: int = 0) -> np.ndarray:
    """A square of coloured blots of several sizes, uint8 BGR."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.random((cells, cells, 3), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        for cells in (4, 16, side // 4)
    ]
    return np.rint(255 * np.clip(np.mean(layers, axis=0), 0, 1)).astype(np.uint8)


def save_features(path: Path) -> Path:
    """Write random weights with VGG-16's layers and few channels, as `load_features` reads them.

    Kernels are those of He et al. (2015). Random features tell pictures apart and compare their textures; figures taken
    with them mean nothing beside those of trained ones.
    """
    rng = np.random.default_rng(3)
    weights, before = {}, 3
    for block, (convolutions, channels) in enumerate(VGG16_BLOCKS, 1):
        for number in range(1, convolutions + 1):
            kernel = rng.normal(0, (2 / (9 * before)) ** 0.5, (3, 3, before, channels))
            weights[f"block{block}_conv{number}_kernel"] = kernel.astype(np.float16)
            weights[f"block{block}_conv{number}_bias"] = np.zeros(channels, np.float16)
            before = channels
    np.savez(path, **weights)
    return path


def save_frames_with_flow(folder: Path, step: tuple[int, int]) -> Path:
    """Write a folder as MPI Sintel has them: four frames of a view that moves, and the true flow of the second.

    Args:
        folder: The folder, which is made.
        step: How far the picture moves to the right and down from frame to frame, in pixels.
    """
    height, width = 120, 200
    (right, down), last = step, 3
    wide = photo(height + last * abs(down), width + last * abs(right), seed=2)
    truth = folder / "gt"
    for part in (truth / "occlusions", truth / "invalid"):
        part.mkdir(parents=True)
    for number in range(last + 1):
        # The window goes to the left and up as the picture goes to the right and down.
        top = (last - number) * down if down > 0 else -number * down
        left = (last - number) * right if right > 0 else -number * right
        frame = np.ascontiguousarray(wide[top : top + height, left : left + width])
        write_image(folder / f"frame_{number + 1:04d}.png", frame)
    flow = np.broadcast_to(np.float32(step), (height, width, 2))
    (truth / "frame_0002.flo").write_bytes(b"PIEH" + struct.pack("<ii", width, height) + flow.tobytes())
    y, x = np.mgrid[:height, :width]
    leaves = (x + right < 0) | (x + right >= width) | (y + down < 0) | (y + down >= height)
    write_image(truth / "occlusions" / "frame_0002.png", np.dstack([leaves * np.uint8(255)] * 3))
    write_image(truth / "invalid" / "frame_0002.png", np.zeros((height, width, 3), np.uint8))
    return folder


def save_lpips(path: Path) -> Path:
    """Write LPIPS weights of AlexNet's shapes with random values."""
    rng = np.random.default_rng(0)
    arrays = {}
    for number, (side, taken, made) in enumerate(
        ((11, 3, 64), (5, 64, 192), (3, 192, 384), (3, 384, 256), (3, 256, 256)), 1
    ):
        scale = (2 / (side**2 * taken)) ** 0.5
        arrays[f"conv{number}_kernel"] = rng.normal(0, scale, (side, side, taken, made)).astype(np.float16)
        arrays[f"conv{number}_bias"] = np.zeros(made, np.float16)
        arrays[f"lin{number}"] = rng.uniform(0, 1, made).astype(np.float16)
    np.savez(path, **arrays)
    return path
