"""Fit the style vector of every picture in a folder, for a trained run: what ships beside the styles.

    KERAS_BACKEND=torch python -m realtime_nst.training.strokes.fit_styles RUN STYLES OUT --features VGG.npz \
        --contents PHOTOS

Goes on where it was stopped: a style that OUT has is not fitted again.
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import keras
import numpy as np
import torch

from realtime_nst.media.images import images_in, read_image
from realtime_nst.nst.fit import FitTarget, fit
from realtime_nst.nst.vgg import load_features
from realtime_nst.training.strokes.network import load_stroke_networks
from realtime_nst.training.strokes.styles import SEEN, with_long_side
from realtime_nst.training.strokes.train import Seeds, stylized


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("styles", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option(
    "--contents",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder of pictures to stylize meanwhile: faces, walls and landscapes.",
)
@click.option("--steps", default=60, show_default=True, help="Steps for each style.")
@click.option("--side", default=192, show_default=True, help="Side of the squares that are stylized.")
@click.option("--style-side", default=576, show_default=True, help="Long side at which a style picture is looked at.")
@click.option("--rate", default=2e-2, show_default=True, help="Adam's largest step.")
@click.option("--most", default=80, show_default=True, help="How many of the contents, chosen at random.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="bfloat16",
    show_default=True,
    help="What VGG computes with.",
)
@click.option("--seed", default=3, show_default=True)
def main(run, styles, out, features, contents, steps, side, style_side, rate, most, precision, seed) -> None:
    """Fit the pictures in STYLES with the network in RUN; OUT gets one NAME.npy for each, float32."""
    if keras.backend.backend() != "torch":
        raise click.UsageError("this stage computes with PyTorch: set KERAS_BACKEND=torch")
    out.mkdir(parents=True, exist_ok=True)
    predictor, seeded, shape = load_stroke_networks(run)
    for variable in (*predictor.variables, *seeded.variables):
        variable.value.requires_grad_(False)
    device = seeded.variables[0].value.device
    seeds = Seeds(shape.seed, torch.Generator().manual_seed(seed))
    vgg = load_features(features, precision)
    paths = images_in(contents)
    chosen = np.random.default_rng(seed).permutation(len(paths))[:most]
    pictures = [read_image(paths[index]) for index in chosen]

    def render(frames: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        seed_field = seeds.draw(len(frames), frames.shape[1] // 2, frames.shape[2] // 2).to(device)
        return stylized(seeded, frames, seed_field, vector[None])

    for path in images_in(styles):
        kept = out / f"{path.stem}.npy"
        if kept.is_file():
            continue
        painting, began, losses = read_image(path), time.time(), []
        seen = torch.from_numpy(with_long_side(painting, SEEN)[None].astype(np.float32) / 255).to(device)
        start = predictor(seen)[0].cpu().numpy()
        target = FitTarget(vgg, painting, pictures, structure=6.0, strokes=10.0, style_side=style_side)
        for progress in fit(render, start, target, steps=steps, side=side, rate=rate):
            losses.append((progress.content, progress.style, progress.strokes))
        np.save(kept, progress.vector)
        first, last = (np.mean(part, axis=0) for part in (losses[:10], losses[-10:]))
        changes = ", ".join(
            f"{name} {before:.3f} -> {after:.3f}"
            for name, before, after in zip(("content", "style", "strokes"), first, last)
        )
        click.echo(f"{path.stem}: {changes}; {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
