"""Style pictures made from noise: texture synthesis (Gatys, Ecker and Bethge, 2015) after a painting.

    python -m realtime_nst.nst.synthesis PAINTING OUT --features VGG.npz

The style loss alone, coarse to fine: the picture gets the painting's colours and strokes, and little of its content.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
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
    steps: tuple[int, ...] = (32, 30, 14, 12),
    seed: int = 7,
    progress: Callable[[Progress], None] = lambda state: None,
) -> Image:
    """A square of `side` pixels in the style of `painting`, uint8 BGR. The same seed makes the same picture.

    `steps` are those at each size, every size twice the one before. The picture is made a margin larger and cut:
    near a border the network sees the zeros beyond it.
    """
    margin = side // 32
    full = side + 2 * margin
    blocks = vgg.blocks()
    layers = [block[0] for block in blocks] + [blocks[-1][-1]]
    image = None
    for halvings, count in zip(reversed(range(len(steps))), steps):
        size = full >> halvings
        scale = size / min(painting.shape[:2])
        scaled = resize(painting, (round(painting.shape[0] * scale), round(painting.shape[1] * scale)))
        # Shapes, which deep layers see, are settled while the picture is small and steps are cheap; strokes come last.
        seen = layers[:3] if halvings < 2 else layers
        target = Target(vgg, None, scaled, style_layers=seen)
        start = _noise_like(scaled, size, seed) if image is None else image
        for state in descend(target, start, [(size, size)], [count]):
            progress(state)
        image = state.image
    return np.rint(image[margin:-margin, margin:-margin]).astype(np.uint8)


def _noise_like(painting: Image, size: int, seed: int) -> np.ndarray:
    """Noise with the painting's mean colour and half the deviation of its colours, float32 size x size x 3, 0..255."""
    colours = painting.reshape(-1, 3).astype(np.float64)
    found = np.random.default_rng(seed).multivariate_normal(colours.mean(0), np.cov(colours.T) / 4, (size, size))
    return np.clip(found, 0, 255).astype(np.float32)


@click.command()
@click.argument("painting", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="VGG weights (npz).")
@click.option("--size", default=512, show_default=True, help="Side in pixels.")
@click.option("--seed", default=7, show_default=True)
@click.option("--quality", type=click.IntRange(1, 100), default=85, show_default=True, help="Of a JPEG file.")
def main(painting: Path, out: Path, features: Path | None, size: int, seed: int, quality: int) -> None:
    """Make a picture in the style of PAINTING from noise."""
    from rich.console import Console

    try:
        check_writable(out, SUFFIXES)
        vgg, image = load_features(features, pool="average"), read_image(painting)
    except StylizeError as error:
        raise click.UsageError(str(error)) from error
    with Console(stderr=True).status("reading") as status:
        made = synthesize(
            image,
            vgg,
            side=size,
            seed=seed,
            progress=lambda state: status.update(f"{state.size[1]} px, step {state.step}: style {state.style:.4f}"),
        )
    click.echo(write_image(out, made, quality))


if __name__ == "__main__":
    main()
