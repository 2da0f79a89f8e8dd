"""Texture synthesis from noise (Gatys, Ecker and Bethge, 2015): style images in the manner of a painting.

    python -m realtime_nst.nst.synthesis PAINTING OUT --features VGG.npz

Only the style loss is minimized, coarse to fine: the image gets the painting's colours and strokes, and little of its
content.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..errors import StylizeError
from ..frames import Image
from ..media.images import SUFFIXES, read_image, write_image
from ..media.paths import check_writable
from ..media.resize import resize
from .optimize import Progress, Target, descend
from .vgg import Vgg, load_features


def synthesize(
    painting: Image,
    vgg: Vgg,
    *,
    side: int = 512,
    steps: Sequence[int] = (32, 30, 14, 12),
    seed: int = 7,
    progress: Callable[[Progress], None] = lambda state: None,
) -> Image:
    """Synthesize a square image in the style of a painting. The same seed gives the same image.

    The image is computed with a margin, which is cropped: near a border the network sees the zeros beyond it.

    Args:
        painting: the style image, uint8 BGR.
        vgg: the feature network.
        side: side of the result in pixels.
        steps: how many steps to take at each size; every size is twice the previous one.
        seed: seed of the noise.
        progress: receives the state after each step.

    Returns:
        uint8 BGR, side x side x 3.
    """
    margin = side // 32
    full = side + 2 * margin
    blocks = vgg.blocks()
    layers = [block[0] for block in blocks] + [blocks[-1][-1]]
    image: np.ndarray | None = None
    for halvings, count in zip(reversed(range(len(steps))), steps):
        size = full >> halvings
        scale = size / min(painting.shape[:2])
        scaled = resize(painting, (round(painting.shape[0] * scale), round(painting.shape[1] * scale)))
        # Deep layers, which see shapes, only count while the image is small and steps are cheap. Strokes come last.
        style_layers = layers[:3] if halvings < 2 else layers
        target = Target(vgg, None, scaled, style_layers=style_layers)
        image = _noise_like(scaled, size, seed) if image is None else image
        for state in descend(target, image, [(size, size)], [count]):
            progress(state)
            image = state.image
    if image is None:
        raise ValueError("texture synthesis takes steps at one size at least")
    return np.rint(image[margin:-margin, margin:-margin]).astype(np.uint8)


def _noise_like(painting: Image, size: int, seed: int) -> np.ndarray:
    """Return noise with the painting's mean colour and half its standard deviation: float32 size x size x 3, 0..255."""
    colours = painting.reshape(-1, 3).astype(np.float64)
    rng = np.random.default_rng(seed)
    noise = rng.multivariate_normal(colours.mean(0), np.cov(colours.T) / 4, (size, size))
    return np.clip(noise, 0, 255).astype(np.float32)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the developer's command above. Bad input ends it with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="python -m realtime_nst.nst.synthesis", description="Make an image in the style of PAINTING from noise."
    )
    parser.add_argument("painting", type=Path, metavar="PAINTING", help="The style image.")
    parser.add_argument("out", type=Path, metavar="OUT", help="The image file to write.")
    parser.add_argument("--features", type=Path, metavar="FILE", help="VGG weights (npz). Default: Keras's VGG-19.")
    parser.add_argument("--size", type=int, default=512, help="Side in pixels. Default: 512.")
    parser.add_argument("--seed", type=int, default=7, help="Default: 7.")
    parser.add_argument(
        "--quality", type=int, choices=range(1, 101), metavar="1..100", default=85, help="Of a JPEG file. Default: 85."
    )
    given = parser.parse_args(arguments)
    try:
        check_writable(given.out, SUFFIXES)
        vgg, painting = load_features(given.features, pool="average"), read_image(given.painting)
    except StylizeError as error:
        parser.error(str(error))

    def report(state: Progress) -> None:
        print(f"\r{state.size[1]} px, step {state.step}: style {state.style:.4f}", end="", file=sys.stderr, flush=True)

    image = synthesize(painting, vgg, side=given.size, seed=given.seed, progress=report)
    print(file=sys.stderr)
    print(write_image(given.out, image, given.quality))


if __name__ == "__main__":
    main()
