"""First stages: learn from a teacher, which is cheap and gives palette and tones.

    python -m realtime_nst.training.distill codes SHARED_DATA DATA HUB_MODEL
    python -m realtime_nst.training.distill style DATA RUN
    python -m realtime_nst.training.distill pairs SHARED_DATA DATA HUB_MODEL
    python -m realtime_nst.training.distill train DATA RUN

The teacher encodes thousands of pictures, some that it made itself among them, and the style network learns to give the
same codes: so it holds on styles of every kind. The teacher stylizes random photographs in these styles and mixtures of
them, and the transform learns to make the same pictures, from codes between the teacher's own and those of our style
network, which stays as it is.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import click
import keras
import numpy as np
from keras import ops

from realtime_nst.media.images import images_in, read_image
from realtime_nst.nst.losses import mean_gram, relative_gram_error
from realtime_nst.nst.vgg import Vgg, load_features
from realtime_nst.training.data import crop_to, relit, training_paintings, turn_hue
from realtime_nst.training.network import Shape, build_maps, build_style_network, build_transform
from realtime_nst.training.train import (
    Keeper,
    checkpoint,
    load_networks,
    optimizer,
    save_weights,
    scaled,
    validation_pictures,
    weights_file,
)

TEACHER_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv1")
"""The layers that a teacher's strokes are compared in: the ones below cost most of what VGG costs."""


class Encoded(keras.utils.PyDataset):
    """Batches of pictures and the teacher's codes, mirrored at random."""

    def __init__(self, data: Path, steps: int, batch: int, seed: int):
        super().__init__()
        with np.load(data / "codes.npz") as file:
            self._pictures = file["pictures"]
            self._codes = standardized(file["codes"], data)
        self._steps, self._batch = steps, batch
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        chosen = self._rng.integers(0, len(self._pictures), self._batch)
        flip = slice(None, None, self._rng.choice([-1, 1]))
        return scaled(np.ascontiguousarray(self._pictures[chosen][:, :, flip])), self._codes[chosen]


class Pairs(keras.utils.PyDataset):
    """Batches of (square of a photograph, code of a style) and the same square of the teacher's picture.

    Codes lie at random places between the teacher's and `ours`, those that our style network gives the pictures of
    codes.npz: its errors on pictures that it never saw are larger than on these.
    """

    def __init__(self, data: Path, ours: np.ndarray, steps: int, batch: int, side: int | None, seed: int):
        super().__init__()
        with np.load(data / "codes.npz") as file:
            self._teachers = standardized(file["codes"], data)
        with np.load(data / "pairs.npz") as file:
            self._frames, self._targets = file["frames"], file["targets"]
            self._styles, self._shares = file["styles"], file["shares"]
        self._ours, self._steps, self._batch = ours, steps, batch
        self._side = side or self._frames.shape[1]
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        chosen = self._rng.integers(0, len(self._frames), self._batch)
        flip = slice(None, None, self._rng.choice([-1, 1]))
        y, x = (int(i) for i in self._rng.integers(0, self._frames.shape[1] - self._side + 1, 2))
        square = slice(y, y + self._side), slice(x, x + self._side)
        frames, targets = (
            scaled(np.ascontiguousarray(kept[chosen][(slice(None), *square)][:, :, flip]))
            for kept in (self._frames, self._targets)
        )
        ours, teachers = (
            mixed(codes, self._styles[chosen], self._shares[chosen]) for codes in (self._ours, self._teachers)
        )
        place = self._rng.random((self._batch, 1), np.float32)
        return (frames, place * teachers + (1 - place) * ours), targets


def mixed(codes: np.ndarray, styles: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Mixtures of two codes each: `shares` (B,) of the first of `styles` (B x 2, indices into codes); float32."""
    shares = shares[:, np.newaxis]
    return shares * codes[styles[:, 0]] + (1 - shares) * codes[styles[:, 1]]


@keras.saving.register_keras_serializable("realtime_nst")
class TeacherLoss(keras.losses.Loss):
    """How far pictures are from the teacher's: palette and tones by their pixels, strokes by their VGG features.

    pixels      mean absolute difference of pixels and of each level of a Laplacian pyramid
    features    sum over layers of mean |F - F_teacher| / mean |F_teacher|
    Gram        mean over layers of log(1 + ||G - G_teacher||^2 / ||G_teacher||^2)
    """

    def __init__(
        self, vgg: Vgg | None, pixels: float = 1.0, features: float = 0.2, gram: float = 1.0, levels: int = 4, **kwargs
    ):
        super().__init__(**kwargs)
        self._vgg, self._levels = vgg, levels
        self._pixel_weight, self._features, self._gram = pixels, features, gram

    def call(self, y_true, y_pred):
        loss = self._pixel_weight * self._pixels(y_true, y_pred)
        if self._vgg is None:
            return loss
        wanted = self._vgg(y_true * 255.0, TEACHER_LAYERS)
        found = self._vgg(y_pred * 255.0, TEACHER_LAYERS)
        for layer in TEACHER_LAYERS:
            apart = ops.mean(ops.abs(found[layer] - wanted[layer]), axis=(1, 2, 3))
            loss = loss + self._features * ops.mean(apart / ops.mean(wanted[layer], axis=(1, 2, 3)))
            error = relative_gram_error(mean_gram(wanted[layer]), mean_gram(found[layer]))
            loss = loss + self._gram / len(TEACHER_LAYERS) * ops.mean(ops.log1p(error))
        return loss

    def _pixels(self, y_true, y_pred):
        difference = y_true - y_pred
        loss = ops.mean(ops.abs(difference))
        for _ in range(self._levels):
            lower = ops.average_pool(difference, 2, 2, "valid")
            detail = difference - ops.repeat(ops.repeat(lower, 2, axis=1), 2, axis=2)
            loss = loss + ops.mean(ops.abs(detail))
            difference = lower
        return loss + 2 * ops.mean(ops.abs(difference))


def our_codes(style_network: keras.Model, data: Path) -> np.ndarray:
    """The codes that our style network gives the pictures of DATA/codes.npz, float32 B x code."""
    with np.load(data / "codes.npz") as file:
        pictures = file["pictures"]
    found = [style_network.predict_on_batch(scaled(pictures[i : i + 32])) for i in range(0, len(pictures), 32)]
    return np.concatenate([ops.convert_to_numpy(codes) for codes in found])


def standardized(codes: np.ndarray, data: Path) -> np.ndarray:
    """The teacher's codes with mean 0 and standard deviation 1 of each number over DATA/codes.npz; float32."""
    with np.load(data / "codes.npz") as file:
        known = file["codes"]
    return ((codes - known.mean(0)) / (known.std(0) + 1e-6)).astype(np.float32)


@click.group()
def main() -> None:
    """Distil a teacher with Magenta's interface into the fast network."""


@main.command("codes")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=14000, show_default=True)
@click.option("--size", default=168, show_default=True, help="Side in pixels of the pictures that are kept.")
@click.option("--made", default=0.4, show_default=True, help="Fraction of pictures that the teacher made itself.")
@click.option("--seed", default=2, show_default=True)
def make_codes(data: Path, out: Path, teacher: Path, count: int, size: int, made: float, seed: int) -> None:
    """Let TEACHER encode parts of the paintings, textures and photographs in DATA, and photographs that it stylized
    itself: OUT/codes.npz."""
    from realtime_nst.networks.hub import HubNetwork

    rng = np.random.default_rng(seed)
    network = HubNetwork(teacher)
    photos = images_in(data / "photos" / "train")
    paths = training_paintings(data) * 21 + [*images_in(data / "textures")] * 2 + photos
    pictures = np.empty((count, size, size, 3), np.uint8)
    codes: list[np.ndarray] = []
    for number in range(count):
        own = bool(codes) and rng.random() < made
        among = photos if own else paths
        picture = read_image(among[rng.integers(0, len(among))])
        side = int(min(picture.shape[:2]) * rng.uniform(0.5, 1))
        square = cv2.resize(crop_to(picture, side, rng), (size, size), interpolation=cv2.INTER_AREA)
        if own:
            square = network.transform(square, codes[rng.integers(0, len(codes))])
        square = turn_hue(square, rng) if rng.random() < 0.4 else square
        pictures[number] = relit(square, rng) if rng.random() < 0.4 else square
        codes.append(network.encode(pictures[number]))
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "codes.npz", pictures=pictures, codes=np.stack(codes))


@main.command("pairs")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=8000, show_default=True)
@click.option("--size", default=160, show_default=True, help="Side of the pictures in pixels, a multiple of 16.")
@click.option("--mixtures", default=0.3, show_default=True, help="Fraction of pictures in a mixture of two styles.")
@click.option("--seed", default=1, show_default=True)
def make_pairs(data: Path, out: Path, teacher: Path, count: int, size: int, mixtures: float, seed: int) -> None:
    """Let TEACHER stylize parts of the photographs in DATA in styles of OUT/codes.npz: OUT/pairs.npz."""
    from realtime_nst.networks.hub import HubNetwork

    rng = np.random.default_rng(seed)
    network = HubNetwork(teacher)
    with np.load(out / "codes.npz") as file:
        codes = file["codes"]
    photos = images_in(data / "photos" / "train")
    styles = rng.integers(0, len(codes), (count, 2))
    shares = np.where(rng.random(count) < mixtures, rng.random(count), 1).astype(np.float32)
    frames = np.empty((count, size, size, 3), np.uint8)
    targets = np.empty_like(frames)
    for number, code in enumerate(mixed(codes, styles, shares)):
        photo = read_image(photos[rng.integers(0, len(photos))])
        # From all of a photograph to a third of it: a camera's pictures have wide flat parts.
        side = int(min(photo.shape[:2]) * rng.uniform(0.33, 1))
        method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        frames[number] = cv2.resize(crop_to(photo, side, rng), (size, size), interpolation=method)
        targets[number] = network.transform(frames[number], code)
    np.savez(out / "pairs.npz", frames=frames, targets=targets, styles=styles, shares=shares)


@main.command("style")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--steps", default=1500, show_default=True)
@click.option("--batch", default=32, show_default=True)
@click.option("--rate", default=3e-3, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--seed", default=1, show_default=True)
def train_style(data: Path, run: Path, steps: int, batch: int, rate: float, seed: int) -> None:
    """Train the style network on DATA/codes.npz; its weights go to RUN, and a stopped run continues."""
    keras.utils.set_random_seed(seed)
    run.mkdir(parents=True, exist_ok=True)
    per_epoch = min(100, steps)
    network = build_style_network(Shape())
    network.compile(optimizer(rate, steps), "mse")
    network.fit(
        Encoded(data, per_epoch, batch, seed),
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[checkpoint(run / "style_backup")],
    )
    network.optimizer.finalize_variable_values(network.trainable_variables)
    save_weights(run, network)


@main.command("train")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--features",
    type=click.Path(exists=True, path_type=Path),
    help="VGG weights (npz): compare strokes too, not pixels alone.",
)
@click.option("--pixel-weight", default=1.0, show_default=True, help="Weight of the pixels' differences.")
@click.option("--feature-weight", default=0.2, show_default=True, help="Weight of the features' differences.")
@click.option("--gram", default=1.0, show_default=True, help="Weight of the Gram matrices' differences.")
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="A run to take the first weights from.")
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Folder with photos/ and styles/.")
@click.option("--steps", default=2000, show_default=True)
@click.option("--batch", default=8, show_default=True)
@click.option("--side", type=int, help="Side in pixels of the squares that are compared.  [default: all of a picture]")
@click.option("--rate", default=2e-3, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--seed", default=1, show_default=True)
def train(
    data, run, features, pixel_weight, feature_weight, gram, start, validation, steps, batch, side, rate, seed
) -> None:
    """Train the maps on DATA/pairs.npz with the style network in RUN or --start; a stopped run goes on."""
    keras.utils.set_random_seed(seed)
    per_epoch, shape = min(100, steps), Shape()
    style_network, maps = build_style_network(shape), build_maps(shape)
    if start:
        style_network, maps, shape = load_networks(start)
        run.mkdir(parents=True, exist_ok=True)
    else:
        style_network.load_weights(weights_file(run, style_network))
    transform = build_transform(maps)
    vgg = features and load_features(features)
    transform.compile(optimizer(rate, steps), TeacherLoss(vgg, pixel_weight, feature_weight, gram))
    transform.fit(
        Pairs(data, our_codes(style_network, data), per_epoch, batch, side, seed),
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[
            checkpoint(run / "backup"),
            Keeper(run, shape, style_network, maps, *validation_pictures(validation)),
        ],
    )


if __name__ == "__main__":
    main()
