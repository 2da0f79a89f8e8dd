"""Style pictures made from noise: texture synthesis (Gatys, Ecker and Bethge, 2015) after a painting.

    python -m realtime_nst.synthesis PAINTING OUT --features VGG.npz

The style loss alone, coarse to fine: the picture gets the painting's colours and strokes, and none of its content.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import cv2
import numpy as np

from .features import Vgg, load_features
from .frames import Picture
from .optimize import Progress, Target, descend
from .pictures import SUFFIXES, read_picture, write_picture


def synthesize(
    painting: Picture,
    vgg: Vgg,
    *,
    side: int = 512,
    steps: tuple[int, ...] = (60, 60, 40, 25),
    seed: int = 7,
    progress: Callable[[Progress], None] = lambda state: None,
) -> Picture:
    """A square of `side` pixels in the style of `painting`, uint8 BGR. The same seed makes the same picture.

    `steps` are those at each size, every size twice the one before. The picture is made a margin larger and cut:
    near a border the network sees the zeros beyond it.
    """
    margin = side // 16
    full = side + 2 * margin
    sizes = [full >> halvings for halvings in reversed(range(len(steps)))]
    scale = full / min(painting.shape[:2])
    painting = cv2.resize(painting, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed).normal(128, 8, (sizes[0], sizes[0], 3))
    blocks = vgg.blocks()
    layers = [block[0] for block in blocks] + [blocks[-1][-1]]
    for state in descend(Target(vgg, None, painting, style_layers=layers), noise, [(s, s) for s in sizes], steps):
        progress(state)
    return np.rint(state.picture[margin:-margin, margin:-margin]).astype(np.uint8)


@click.command()
@click.argument("painting", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="VGG weights (npz).")
@click.option("--size", default=512, show_default=True, help="Side in pixels.")
@click.option("--seed", default=7, show_default=True)
def main(painting: Path, out: Path, features: Path | None, size: int, seed: int) -> None:
    """Make a picture in the style of PAINTING from noise."""
    from .outputs import check_writable

    check_writable(out, SUFFIXES)
    write_picture(out, synthesize(read_picture(painting), load_features(features), side=size, seed=seed))
    click.echo(out)


if __name__ == "__main__":
    main()
