"""How a run does on paintings that it was not trained on: stroke retrieval, style and content error.

    KERAS_BACKEND=torch python -m realtime_nst.training.strokes.yardstick RUN --photos DIR --paintings DIR \
        --gallery DIR --features VGG.npz

Runs are chosen by these figures; pictures that nothing was chosen by are for `realtime-nst evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import click
import keras
import numpy as np
import torch

from realtime_nst.evaluation.evaluate import scale_to
from realtime_nst.evaluation.metrics import FeatureExtractor, content_error, style_error
from realtime_nst.evaluation.strokes import nearest_painting, stroke_signature
from realtime_nst.frames import Image, StyleCode
from realtime_nst.media.images import images_in, read_image
from realtime_nst.nst.vgg import load_features
from realtime_nst.training.data import HELD_OUT
from realtime_nst.training.strokes.network import Seed, load_stroke_networks
from realtime_nst.training.strokes.styles import SEEN, with_long_side
from realtime_nst.training.strokes.train import stylized


def open_run(run: Path) -> tuple[Callable[[Image], torch.Tensor], Callable[[Image, StyleCode], Image]]:
    """Open a run as the program opens a network: `encode` and `transform`, for images with sides of multiples of 8."""
    predictor, seeded, shape = load_stroke_networks(run)
    device, seed = seeded.variables[0].value.device, Seed(shape.seed)

    def tensor(image: Image) -> torch.Tensor:
        return torch.from_numpy(image[np.newaxis].astype(np.float32) / 255).to(device)

    def encode(image: Image) -> torch.Tensor:
        with torch.no_grad():
            return predictor(tensor(with_long_side(image, SEEN)))

    def transform(image: Image, code: torch.Tensor) -> Image:
        with torch.no_grad():
            frame = tensor(image)
            made = stylized(seeded, frame, seed(frame[:, ::2, ::2]), code).clamp(0, 1)[0]
        return np.rint(255 * made.cpu().numpy()).astype(np.uint8)

    return encode, transform


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--paintings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Those of them that are held out of training are the styles; all of them are in the gallery.",
)
@click.option(
    "--gallery",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Further paintings to tell them from.",
)
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option("--size", default=384, show_default=True, help="Long side of all pictures.")
@click.option("--every", default=3, show_default=True, help="Take every so-manieth photo.")
@click.option("--most", default=12, show_default=True, help="How many photos at most.")
@click.option("--further", default=8, show_default=True, help="How many paintings of --gallery.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True)
def main(run, photos, paintings, gallery, features, size, every, most, further, precision) -> None:
    """Measure RUN, for each held-out painting and in all."""
    if keras.backend.backend() != "torch":
        raise click.UsageError("runs are opened with PyTorch here: set KERAS_BACKEND=torch")
    cv2.setNumThreads(1)
    vgg = load_features(features, precision)
    extractor = FeatureExtractor(vgg)

    def held_out(path: Path) -> bool:
        return any(word in path.stem.lower() for word in HELD_OUT)

    others = [path for path in images_in(gallery) if not held_out(path)]
    paths = images_in(paintings) + others[:: max(1, len(others) // further)][:further]
    images = [scale_to(read_image(path), size) for path in paths]
    signatures = [stroke_signature(image, vgg) for image in images]
    frames = [scale_to(read_image(path), size) for path in images_in(photos)[::every][:most]]
    contents = [extractor.extract(frame)[0].astype(np.float32) for frame in frames]
    encode, transform = open_run(run)
    figures = []
    for number, path in enumerate(paths):
        if not held_out(path):
            continue
        code, style = encode(images[number]), extractor.extract(images[number])[1]
        rows = []
        for frame, content in zip(frames, contents):
            output = transform(frame, code)
            maps, grams = extractor.extract(output)
            found = nearest_painting(stroke_signature(output, vgg), signatures) == number
            rows.append((found, style_error(style, grams), content_error(content, maps)))
        figures += rows
        _say(path.stem, rows)
    _say(f"all {len(figures)}, gallery {len(paths)}", figures)


def _say(name: str, rows: list[tuple[bool, float, float]]) -> None:
    found, style, content = np.mean(rows, axis=0)
    click.echo(f"{name:<28} retrieval {found:.3f}  style error {style:.3f}  content error {content:.3f}")


if __name__ == "__main__":
    main()
