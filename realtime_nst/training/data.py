"""Training data, prepared once: style pictures with their Gram matrices, photographs with their features.

    python -m realtime_nst.training.data DATA OUT TEACHER

DATA is a folder with paintings/, textures/, photos/train/ and features/; OUT gets styles.npz and photos.npz.
The loss compares Gram matrices and features that never change, so they are computed here and not in every
training step.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import cv2
import numpy as np

from realtime_nst.demo import Scene
from realtime_nst.features import Vgg, load_features
from realtime_nst.losses import mean_gram
from realtime_nst.networks import Network
from realtime_nst.pictures import pictures_in, read_picture

STYLE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")
CONTENT_LAYER = "block3_conv3"

GRAM_UNIT = 4096.0
"""Gram matrices are kept as multiples of it, so that float16 holds them: VGG's go beyond 10^7."""

HELD_OUT = (
    "starry", "wave", "composition", "jatte", "lilies", "water-lil", "sharaku", "otani", "udnie",
    "rain", "grande", "a-sunday", "kanagawa",
)
"""Parts of the names of the paintings kept for validation, in every copy there is of them."""

PROPORTIONS = ((1, 1), (1, 3 / 4), (3 / 4, 1), (1, 5 / 8), (5 / 8, 1))
"""Height and width over the long side: those of most paintings, few enough that a batch has only one of them."""


def crop_to(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random square of `size` pixels; a smaller picture is scaled up to it."""
    return cut(picture, (size, size), max(1.0, size / min(picture.shape[:2])), rng)


def cut(picture: np.ndarray, size: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """A random part of `size` (height, width) of the picture `scale` times as large, which has to hold it."""
    if scale != 1:
        sides = [max(least, round(scale * side)) for least, side in zip(size, picture.shape[:2])]
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        picture = cv2.resize(picture, sides[::-1], interpolation=how)
    y, x = (int(rng.integers(0, side - least + 1)) for least, side in zip(size, picture.shape[:2]))
    return np.ascontiguousarray(picture[y : y + size[0], x : x + size[1]])


def training_paintings(data: Path) -> list[Path]:
    """The paintings that are not HELD_OUT."""
    found = [p for folder in ("named", "more") for p in pictures_in(data / "paintings" / folder)]
    return [p for p in found if not any(word in p.stem.lower() for word in HELD_OUT)]


def part_of(picture: np.ndarray, shape: tuple[int, int], rng: np.random.Generator, most: float = 1.7) -> np.ndarray:
    """A part of `shape` of the picture, scaled so that it shows all of it or up to `most` times enlarged.

    Mostly nearly all: so are paintings used.
    """
    least = max(side / has for side, has in zip(shape, picture.shape))
    return cut(picture, shape, least * (1 + (most - 1) * rng.random() ** 2), rng)


def shapes_of(size: int) -> list[tuple[int, int]]:
    """(height, width) of PROPORTIONS with a long side of `size` pixels."""
    return [(round(size * high), round(size * wide)) for high, wide in PROPORTIONS]


def painting_parts(data: Path, size: int, crops: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """`crops` parts of each painting, the first nearly all of it and like every third in proportions near its own."""
    shapes = shapes_of(size)
    for path in training_paintings(data):
        picture = read_picture(path)
        own = picture.shape[0] / picture.shape[1]
        nearest = min(shapes, key=lambda shape: abs(np.log(shape[0] / shape[1] / own)))
        for crop in range(crops):
            shape = shapes[rng.integers(len(shapes))] if crop % 3 else nearest
            yield part_of(picture, shape, rng, most=1.7 if crop else 1.0)


def texture_squares(data: Path, size: int, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """A square of each of `count` textures, two thirds of `size`, as large as they are."""
    found = pictures_in(data / "textures")
    for path in found[:: max(1, len(found) // count)] if count else []:
        yield crop_to(read_picture(path), size * 2 // 3, rng)


def photo_parts(data: Path, size: int, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Parts of `count` random photographs."""
    photos, shapes = pictures_in(data / "photos" / "train"), shapes_of(size)
    for _ in range(count):
        yield part_of(_one(photos, rng), shapes[rng.integers(len(shapes))], rng)


def made_pictures(
    teacher: Network, data: Path, size: int, count: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """`count` pictures that `teacher` makes: shapes of photographs, paintings and textures, in mixtures of up to three
    styles of others. There are only so many paintings, and a style network learns them by heart."""
    kinds = training_paintings(data), pictures_in(data / "textures"), pictures_in(data / "photos" / "train")
    shapes = shapes_of(size)
    codes = []
    for _ in range(min(count, 900)):
        picture = _one(kinds[rng.choice(3, p=(0.6, 0.25, 0.15))], rng)
        codes.append(teacher.encode(crop_to(picture, int(min(picture.shape[:2]) * rng.uniform(0.6, 1)), rng)))
    for _ in range(count):
        picture = _one(kinds[rng.choice(3, p=(0.25, 0.15, 0.6))], rng)
        mixed = rng.integers(0, len(codes), rng.integers(1, 4))
        code = sum(share * codes[each] for share, each in zip(rng.dirichlet(np.ones(len(mixed))), mixed))
        yield teacher.transform(part_of(picture, shapes[rng.integers(len(shapes))], rng), np.float32(code))


def _one(paths: Sequence[Path], rng: np.random.Generator) -> np.ndarray:
    return read_picture(paths[rng.integers(len(paths))])


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


def prepare_styles(vgg: Vgg, out: Path, size: int, pictures: Iterable[np.ndarray], rng: np.random.Generator) -> None:
    """Write the style pictures, scaled as the style network sees them, each in a square's corner; their sizes there
    (height, width); and their Gram matrices over GRAM_UNIT.

    Colours of every third are turned around the colour circle, so that codes cover more palettes than paintings do.
    """
    shown: list[np.ndarray] = []
    sizes: list[tuple[int, int]] = []
    grams: dict[str, list[np.ndarray]] = {layer: [] for layer in STYLE_LAYERS}
    for number, picture in enumerate(pictures):
        picture = turn_hue(picture, rng) if number % 3 == 2 else picture
        for layer, gram in gram_matrices(vgg, picture[None]).items():
            grams[layer].append((gram[0] / GRAM_UNIT).astype(np.float16))
        height, width = (side * 2 // 3 for side in picture.shape[:2])
        square = np.zeros((size * 2 // 3, size * 2 // 3, 3), np.uint8)
        square[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        shown.append(square)
        sizes.append((height, width))
        if len(shown) % 100 == 0:
            print(f"styles: {len(shown)}", flush=True)
    np.savez(
        out / "styles.npz",
        pictures=np.stack(shown),
        sizes=np.int32(sizes),
        **{layer: np.stack(found) for layer, found in grams.items()},
    )


def photo_square(photo: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random square of a photograph; of every other one enlarged, as smooth as pictures of cameras are: photographs
    of a few hundred pixels are busier."""
    least = max(1.0, size / min(photo.shape[:2]))
    return cut(photo, (size, size), max(least, rng.choice([1.0, rng.uniform(1.2, 1.7)])), rng)


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
    photos = (photo_square(read_picture(path), size, rng) for path in pictures_in(data / "photos" / "train"))
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
@click.argument("teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--style-size", default=384, show_default=True, help="Long side of the pictures that Grams are of.")
@click.option("--crops", default=12, show_default=True, help="Parts of each painting.")
@click.option("--textures", default=1200, show_default=True, help="How many of the textures are styles.")
@click.option("--photo-styles", default=300, show_default=True, help="How many of the photographs are styles too.")
@click.option("--made", default=2400, show_default=True, help="How many styles the teacher makes.")
@click.option("--photo-size", default=256, show_default=True, help="Side of the squares that are stylized.")
@click.option("--window", default=256, show_default=True, help="Side of the part that content features are of.")
@click.option("--scenes", default=160, show_default=True, help="Squares of the built-in scene among them.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
              help="What VGG computes with; bfloat16 is faster where the processor has it.")
@click.option("--seed", default=1, show_default=True)
def main(data, out, teacher, style_size, crops, textures, photo_styles, made, photo_size, window, scenes, precision,
         seed) -> None:
    """Prepare the training data in DATA for `realtime_nst.training.train`, into OUT. TEACHER, with Magenta's interface,
    makes further style pictures."""
    from realtime_nst.networks.hub import HubNetwork

    out.mkdir(parents=True, exist_ok=True)
    vgg = load_features(data / "features" / "vgg16_imagenet_to_conv4_3_f16.npz", precision)
    prepare_photos(vgg, data, out, size=photo_size, window=window, scenes=scenes, seed=seed)
    rng = np.random.default_rng(seed)
    pictures = itertools.chain(
        painting_parts(data, style_size, crops, rng),
        texture_squares(data, style_size, textures, rng),
        photo_parts(data, style_size, photo_styles, rng),
        made_pictures(HubNetwork(teacher), data, style_size, made, rng) if made else [],
    )
    prepare_styles(vgg, out, style_size, pictures, rng)


if __name__ == "__main__":
    main()
