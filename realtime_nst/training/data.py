"""Images to train on: random crops of paintings, textures and photographs, new ones for every batch.

    python -m realtime_nst.training.data DATA OUT TEACHER

DATA is a folder with paintings/, textures/ and photos/train/. The number of paintings is limited, and a style network
overfits to them: this command lets a teacher make further ones, in the folder OUT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import click
import numpy as np

from realtime_nst.errors import InputError
from realtime_nst.media.images import images_in, read_image, write_image
from realtime_nst.networks.base import Network
from realtime_nst.sources.demo import Scene

HELD_OUT = (
    "starry",
    "wave",
    "composition",
    "jatte",
    "lilies",
    "water-lil",
    "sharaku",
    "otani",
    "udnie",
    "rain",
    "grande",
    "a-sunday",
    "kanagawa",
)
"""Parts of the file names of the paintings that are kept for validation, in every copy of them."""

SQUARES_PER_SCENE = 8
"""Squares taken from one rendering of the built-in scene, at different times."""
FLAT = 2.0
"""Standard deviation, in levels of 255, below which an image counts as blank: instance normalization would amplify its
noise, and at 0 the gradient is infinite."""

STYLE_SHARES = {"paintings": 0.33, "textures": 0.2, "photographs": 0.07, "made": 0.4}
"""The fraction of styles of each kind."""


def crop_to(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random square of `size` pixels; a smaller image is scaled up to it."""
    return cut(picture, (size, size), max(1.0, size / min(picture.shape[:2])), rng)


def cut(picture: np.ndarray, size: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Scale an image by `scale` and return a random crop of `size` (height, width), which must fit into it."""
    if scale != 1:
        sides = [max(least, round(scale * side)) for least, side in zip(size, picture.shape[:2])]
        how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        picture = cv2.resize(picture, sides[::-1], interpolation=how)
    y, x = (int(rng.integers(0, side - least + 1)) for least, side in zip(size, picture.shape[:2]))
    return np.ascontiguousarray(picture[y : y + size[0], x : x + size[1]])


def training_paintings(data: Path) -> list[Path]:
    """Return the paintings that are not HELD_OUT."""
    found = [p for folder in ("named", "more") for p in images_in(data / "paintings" / folder)]
    return [p for p in found if not any(word in p.stem.lower() for word in HELD_OUT)]


def style_paths(data: Path) -> dict[str, list[Path]]:
    """Return the files that styles are cropped from, by kind."""
    return {
        "paintings": training_paintings(data),
        "textures": images_in(data / "textures"),
        "photographs": images_in(data / "photos" / "train"),
    }


def part_of(picture: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A part of `shape` of the picture, scaled so that it shows all of it or up to 1.7 times enlarged.

    Mostly nearly all: so are paintings used.
    """
    least = max(side / has for side, has in zip(shape, picture.shape))
    return cut(picture, shape, least * (1 + 0.7 * rng.random() ** 2), rng)


def style_shapes(size: int, count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """`count` shapes (height, width) with a long side of up to `size` pixels, in the proportions of most paintings."""
    shapes = []
    for _ in range(count):
        long = size * rng.uniform(0.92, 1)
        sides = round(long), round(long * rng.uniform(0.62, 1))
        shapes.append(sides if rng.random() < 0.5 else sides[::-1])
    return shapes


class Styles:
    """The pictures that styles are parts of, all in memory, by STYLE_SHARES; `made` is the folder of the teacher's."""

    def __init__(self, data: Path, made: Path | None, size: int):
        kinds = style_paths(data) | ({"made": images_in(made)} if made else {})
        kinds = {kind: paths for kind, paths in kinds.items() if paths}
        self._pictures = [[no_larger(read_image(path), 2 * size) for path in paths] for paths in kinds.values()]
        shares = np.array([STYLE_SHARES[kind] for kind in kinds])
        self._shares = shares / shares.sum()

    def draw(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        """A part of a random one, of `shape`: of every third its colours turned around the colour circle and of every
        fourth its light changed, so that codes cover more palettes than paintings do."""
        return not_flat(lambda: self._part(shape, rng))[:, :: rng.choice([-1, 1])]

    def _part(self, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        pictures = self._pictures[rng.choice(len(self._pictures), p=self._shares)]
        picture = part_of(pictures[rng.integers(len(pictures))], shape, rng)
        picture = turn_hue(picture, rng) if rng.random() < 1 / 3 else picture
        return relit(picture, rng) if rng.random() < 1 / 4 else picture


class Photos:
    """The pictures that are stylized: squares of photographs, all in memory, and of the built-in scene."""

    def __init__(self, data: Path, size: int, scenes: int, rng: np.random.Generator):
        self._size = size
        self._pictures = [read_image(path) for path in images_in(data / "photos" / "train")]
        self._pictures += scene_squares(scenes, size * 3 // 2, rng)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """A random square of a random one; of every other one enlarged, as smooth as pictures of cameras are:
        photographs of a few hundred pixels are busier."""
        return not_flat(lambda: self._square(rng))[:, :: rng.choice([-1, 1])]

    def _square(self, rng: np.random.Generator) -> np.ndarray:
        picture = self._pictures[rng.integers(len(self._pictures))]
        least = max(1.0, self._size / min(picture.shape[:2]))
        scale = max(least, rng.choice([1.0, rng.uniform(1.2, 1.7)]))
        return cut(picture, (self._size, self._size), scale, rng)


def not_flat(draw: Callable[[], np.ndarray], tries: int = 1000) -> np.ndarray:
    """Return the first drawn image that is not FLAT. Raises InputError if none of `tries` is."""
    for _ in range(tries):
        if cv2.meanStdDev(picture := draw())[1].max() >= FLAT:
            return picture
    raise InputError(f"{tries} random parts of the training pictures had nothing in them; give it other pictures")


def no_larger(picture: np.ndarray, side: int) -> np.ndarray:
    """Return the image, scaled down to a short side of `side` pixels if that is larger."""
    scale = min(1.0, side / min(picture.shape[:2]))
    size = [round(scale * each) for each in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def turn_hue(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the image with every hue rotated by the same random angle and its saturation scaled."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.8, 1.8), 0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)


def relit(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the image with a random contrast and brightness."""
    return np.clip(picture * rng.uniform(0.5, 1.3) + rng.uniform(-40, 40), 0, 255).astype(np.uint8)


def scene_squares(count: int, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield squares of the built-in scene at random times and scales: smooth and noise-free, unlike photographs."""
    scene = None
    for index in range(count):
        # Preparing a scene takes a second, drawing it a few milliseconds.
        if scene is None or index % SQUARES_PER_SCENE == 0:
            height = int(size * rng.uniform(1, 1.7))
            scene = Scene(height, height * 4 // 3)
        yield crop_to(scene.draw(rng.uniform(0, 60)), size, rng)


def made_pictures(
    teacher: Network, data: Path, size: int, count: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """`count` pictures that `teacher` makes: shapes of photographs, paintings and textures, in mixtures of up to three
    styles of others. There are only so many paintings, and a style network learns them by heart."""
    kinds = [*style_paths(data).values()]
    shapes = style_shapes(size, 24, rng)
    codes = []
    for _ in range(min(count, 900)):
        picture = _one(kinds[rng.choice(3, p=(0.6, 0.25, 0.15))], rng)
        codes.append(teacher.encode(crop_to(picture, int(min(picture.shape[:2]) * rng.uniform(0.6, 1)), rng)))
    for _ in range(count):
        picture = _one(kinds[rng.choice(3, p=(0.25, 0.15, 0.6))], rng)
        mixed = rng.integers(0, len(codes), rng.integers(1, 4))
        code = sum(share * codes[int(each)] for share, each in zip(rng.dirichlet(np.ones(len(mixed))), mixed))
        yield teacher.transform(part_of(picture, shapes[rng.integers(len(shapes))], rng), np.asarray(code, np.float32))


def _one(paths: Sequence[Path], rng: np.random.Generator) -> np.ndarray:
    return read_image(paths[int(rng.integers(len(paths)))])


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=2400, show_default=True)
@click.option("--size", default=384, show_default=True, help="Long side of the pictures.")
@click.option("--seed", default=1, show_default=True)
def main(data: Path, out: Path, teacher: Path, count: int, size: int, seed: int) -> None:
    """Let TEACHER, with Magenta's interface, make further style pictures of those in DATA, into OUT."""
    from realtime_nst.networks.hub import HubNetwork

    rng = np.random.default_rng(seed)
    out.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(made_pictures(HubNetwork(teacher), data, size, count, rng)):
        write_image(out / f"{number:05d}.png", picture)


if __name__ == "__main__":
    main()
