"""Training data, prepared once: style pictures with their Gram matrices, photographs with their features.

    python -m realtime_nst.training.data DATA OUT

DATA is a folder with paintings/, textures/, photos/train/ and features/; OUT gets styles.npz and photos.npz.
The loss compares Gram matrices and features that never change, so they are computed here and not in every
training step.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np

from realtime_nst.demo import Scene
from realtime_nst.features import Vgg, load_features
from realtime_nst.losses import mean_gram
from realtime_nst.pictures import pictures_in, read_picture

STYLE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
CONTENT_LAYER = "block3_conv3"

HELD_OUT = (
    "starry", "wave", "composition", "jatte", "lilies", "water-lil", "sharaku", "otani", "udnie",
    "rain", "grande", "a-sunday", "kanagawa",
)
"""Parts of the names of the paintings kept for validation, in every copy there is of them."""


def crop_to(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random square of `size` pixels; a smaller picture is scaled up to it."""
    scale = size / min(picture.shape[:2])
    if scale > 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    y, x = (int(rng.integers(0, side - size + 1)) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[y : y + size, x : x + size])


def training_paintings(data: Path) -> list[Path]:
    """The paintings that are not HELD_OUT."""
    found = [p for folder in ("named", "more") for p in pictures_in(data / "paintings" / folder)]
    return [p for p in found if not any(word in p.stem.lower() for word in HELD_OUT)]


def style_pictures(
    data: Path, size: int, crops: int, textures: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Squares of `size` pixels: `crops` of each painting at 1 to 1.6 x size, one of each of `textures` textures.

    Colours of some are turned around the colour circle, so that codes cover more palettes than the paintings do.
    """
    for path in training_paintings(data):
        picture = read_picture(path)
        for crop in range(crops):
            scale = rng.uniform(1, 1.6) * size / min(picture.shape[:2])
            scaled = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            square = crop_to(scaled, size, rng)
            yield turn_hue(square, rng) if crop % 3 == 2 else square
    found = pictures_in(data / "textures")
    for number, path in enumerate(found[:: max(1, len(found) // textures)] if textures else []):
        square = crop_to(read_picture(path), size, rng)
        yield turn_hue(square, rng) if number % 2 else square


def turn_hue(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture with every hue moved by the same random angle and its saturation scaled."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.8), 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)


def gram_matrices(vgg: Vgg, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Position-mean Gram matrices of STYLE_LAYERS, float32 B x N x N, of uint8 BGR pictures."""
    from keras import ops

    found = vgg(ops.convert_to_tensor(pictures.astype("float32")), STYLE_LAYERS)
    return {layer: ops.convert_to_numpy(ops.cast(mean_gram(found[layer]), "float32")) for layer in STYLE_LAYERS}


def prepare_styles(vgg: Vgg, data: Path, out: Path, *, size: int, crops: int, textures: int, seed: int) -> None:
    """Write the style pictures, scaled as the style network sees them, and their Gram matrices."""
    rng = np.random.default_rng(seed)
    pictures: list[np.ndarray] = []
    grams: dict[str, list[np.ndarray]] = {layer: [] for layer in STYLE_LAYERS}
    for square in style_pictures(data, size, crops, textures, rng):
        for layer, gram in gram_matrices(vgg, square[None]).items():
            grams[layer].append(gram[0].astype(np.float32))
        pictures.append(cv2.resize(square, (size * 2 // 3, size * 2 // 3), interpolation=cv2.INTER_AREA))
        if len(pictures) % 100 == 0:
            print(f"styles: {len(pictures)}", flush=True)
    np.savez(out / "styles.npz", pictures=np.stack(pictures), **{k: np.stack(v) for k, v in grams.items()})


def scene_squares(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Squares of the built-in scene at random times and scales: wide flat parts, of which photographs have few."""
    for _ in range(count):
        height = int(size * rng.uniform(1, 2.5))
        yield crop_to(Scene(height, height * 4 // 3).draw(rng.uniform(0, 60)), size, rng)


def prepare_photos(vgg: Vgg, data: Path, out: Path, *, size: int, window: int, scenes: int, seed: int) -> None:
    """Write a square of each photograph, `scenes` squares of the built-in scene, and of each the content features of
    the window in its middle."""
    from keras import ops

    rng = np.random.default_rng(seed)
    edge = (size - window) // 2
    pictures, features = [], []
    photos = (crop_to(read_picture(path), size, rng) for path in pictures_in(data / "photos" / "train"))
    for square in itertools.chain(photos, scene_squares(scenes, size, rng)):
        if rng.random() < 0.5:
            square = np.ascontiguousarray(square[:, ::-1])
        inner = square[None, edge : edge + window, edge : edge + window].astype("float32")
        found = ops.cast(vgg(ops.convert_to_tensor(inner), [CONTENT_LAYER])[CONTENT_LAYER], "float32")
        pictures.append(square)
        features.append(ops.convert_to_numpy(found)[0].astype(np.float16))
        if len(pictures) % 200 == 0:
            print(f"photos: {len(pictures)}", flush=True)
    np.savez(out / "photos.npz", pictures=np.stack(pictures), features=np.stack(features))


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--style-size", default=256, show_default=True, help="Side of the squares that Grams are taken of.")
@click.option("--crops", default=12, show_default=True, help="Squares of each painting.")
@click.option("--textures", default=600, show_default=True, help="How many of the textures are taken.")
@click.option("--photo-size", default=256, show_default=True, help="Side of the squares that are stylized.")
@click.option("--window", default=256, show_default=True, help="Side of the part that content features are of.")
@click.option("--scenes", default=160, show_default=True, help="Squares of the built-in scene among them.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
              help="What VGG computes with; bfloat16 is faster where the processor has it.")
@click.option("--seed", default=1, show_default=True)
def main(data, out, style_size, crops, textures, photo_size, window, scenes, precision, seed) -> None:
    """Prepare the training data in DATA for `realtime_nst.training.train`, into OUT."""
    out.mkdir(parents=True, exist_ok=True)
    vgg = load_features(data / "features" / "vgg16_imagenet_to_conv4_3_f16.npz", precision)
    prepare_photos(vgg, data, out, size=photo_size, window=window, scenes=scenes, seed=seed)
    prepare_styles(vgg, data, out, size=style_size, crops=crops, textures=textures, seed=seed)


if __name__ == "__main__":
    main()
