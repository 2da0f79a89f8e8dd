"""Last stage: train both halves on the paintings themselves.

    python -m realtime_nst.training.train DATA RUN --features VGG.npz --made FOLDER --start DISTILLED

A stopped run continues where it was: RUN keeps the checkpoint, a log of the losses, and sheets of validation images.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import click
import keras
import numpy as np
from keras import ops

from realtime_nst.evaluation.metrics import CONTENT_LAYER, STYLE_LAYERS
from realtime_nst.media.images import images_in, read_image
from realtime_nst.nst.losses import mean_gram, relative_gram_error
from realtime_nst.nst.vgg import Vgg, load_features
from realtime_nst.training.data import Photos, Styles, crop_to, style_shapes
from realtime_nst.training.motion import inside, random_flow, warp
from realtime_nst.training.network import Shape, build_maps, build_style_network, build_transform

HARD_STYLE = 3.0
"""Relative error of Gram matrices at which a further increase counts by half; beyond it, by less."""

STYLE_GAIN = dict(zip(STYLE_LAYERS, (1.0, 1.25, 1.3, 1.3)))
"""By how much larger Gram matrices are asked for than the style's. Those of a small square vary around those of a whole
picture, and what makes their squared error least has too little of the style (shrinkage): without this those of a whole
picture fit the style's best when multiplied by up to 1.4."""


def scaled(pictures: np.ndarray) -> np.ndarray:
    """Convert uint8 BGR images to the network's input: float32 BGR, 0..1."""
    return pictures.astype(np.float32) / 255


def load_networks(run: Path) -> tuple[keras.Model, keras.Model, Shape]:
    """Return the style network and the maps of a run, and their shape."""
    saved = json.loads((run / "shape.json").read_text())
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in saved.items()}
    shape = Shape(**values)
    style_network, maps = build_style_network(shape), build_maps(shape)
    for network in (style_network, maps):
        network.load_weights(weights_file(run, network))
    return style_network, maps, shape


def weights_file(run: Path, network: keras.Model) -> Path:
    """Return the file of a network's weights in a run."""
    return run / f"{network.name}.weights.h5"


def save_weights(run: Path, network: keras.Model) -> None:
    """Save a network's weights in a run, completely or not at all: if killed meanwhile, it has the previous ones."""
    kept = weights_file(run, network)
    partial = kept.with_name(f"partial.{kept.name}")
    network.save_weights(partial)
    partial.replace(kept)


class Batches(keras.utils.PyDataset):
    """Random photographs with random styles, some batches mixtures of two styles; pictures are uint8 BGR.

    Drawn by several threads. Which batches come is given by `seed`, their order is not; a run that continues after
    `done` batches draws those after them.
    """

    def __init__(
        self,
        photos: Photos,
        styles: Styles,
        shapes: list[tuple[int, int]],
        steps: int,
        batch: int,
        mixed: float,
        seed: int,
        done: int = 0,
    ):
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=32)
        self._photos, self._styles, self._shapes = photos, styles, shapes
        self._steps, self._batch, self._mixed = steps, batch, mixed
        self._seed, self._drawn = seed, itertools.count(done)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        count = self._batch
        rng = np.random.default_rng([self._seed, next(self._drawn)])
        frames = np.stack([self._photos.draw(rng) for _ in range(count)])
        # All images of a batch have one size. Sides may be odd: the style network must accept them.
        height, width = self._shapes[rng.integers(len(self._shapes))]
        styles = [self._styles.draw((height, width), rng) for _ in range(count)]
        seen = [cv2.resize(each, (width * 2 // 3, height * 2 // 3), interpolation=cv2.INTER_AREA) for each in styles]
        share = rng.uniform(0.3, 0.7, count) if rng.random() < self._mixed else np.ones(count)
        flow = random_flow(count, frames.shape[1], rng)
        return {
            "frame": frames,
            "style": np.stack(styles),
            "seen": np.stack(seen),
            "share": share.astype(np.float32),
            "flow": flow,
            "inside": inside(flow),
            "light": rng.uniform(0.94, 1.06, (count, 1, 1, 1)).astype(np.float32),
            "noise": rng.uniform(0, 0.02, (count, 1, 1, 1)).astype(np.float32),
        }, np.zeros(count, np.float32)


class Training(keras.Model):
    """Both networks with their losses: what `fit` minimizes.

    content     mean squared difference of VGG features over their variance in the photograph
    style       mean over layers of h log(1 + e / h), e = ||G - G_style||^2 / ||G_style||^2 and h = HARD_STYLE: the
                logarithm keeps the few pairs that are very unlike from ruling all others; G_style is STYLE_GAIN times
                the style picture's Gram matrix. Half of it is of the whole picture, half of its quarters: what is asked
                of the whole alone is done around edges, and flat parts get no strokes
    temporal    mean squared difference between the moved output and the output of the moved, relit, noisy frame

    In a batch of mixtures each picture's style is `share` of its own and the rest of its neighbour's, codes and Gram
    matrices alike.
    """

    def __init__(self, style_network: keras.Model, maps: keras.Model, vgg: Vgg, weights: dict[str, float], seed: int):
        super().__init__()
        self.style_network, self.maps, self.transform = style_network, maps, build_transform(maps)
        self._vgg, self._loss_weights = vgg, weights
        self._noise = keras.random.SeedGenerator(seed)
        self._means = {name: keras.metrics.Mean(name=name) for name in ("content", "style", "temporal")}
        self.built = True

    @property
    def metrics(self):
        return list(self._means.values())

    def call(self, x):
        code = _mixture(self.style_network(_unit(x["seen"])), x["share"])
        frame = _unit(x["frame"])
        out = self.transform([frame, code])
        if not self._loss_weights["temporal"]:
            return out, out, out
        noise = x["noise"] * keras.random.normal(ops.shape(frame), seed=self._noise)
        following = ops.clip(warp(frame, x["flow"]) * x["light"] + noise, 0.0, 1.0)
        return out, warp(out, x["flow"]), self.transform([following, code])

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        out, expected, again = y_pred
        found = self._vgg(255.0 * out, STYLE_LAYERS)
        wanted = self._vgg(ops.cast(x["style"], "float32"), STYLE_LAYERS)
        content = self._vgg(ops.cast(x["frame"], "float32"), [CONTENT_LAYER])[CONTENT_LAYER]

        content, generated = (ops.cast(maps, "float32") for maps in (content, found[CONTENT_LAYER]))
        apart = ops.mean(ops.square(content - generated), axis=(1, 2, 3))
        losses = {"content": ops.mean(apart / ops.var(content, axis=(1, 2, 3)))}
        style = 0.0
        for layer in STYLE_LAYERS:
            asked = STYLE_GAIN[layer] * _mixture(ops.cast(mean_gram(wanted[layer]), "float32"), x["share"])
            quarters = ops.cast(mean_gram(_quarters(found[layer])), "float32")
            whole = ops.mean(ops.reshape(quarters, (-1, 4, *quarters.shape[1:])), axis=1)
            for error in (
                relative_gram_error(asked, whole),
                relative_gram_error(ops.repeat(asked, 4, axis=0), quarters),
            ):
                style = style + ops.mean(HARD_STYLE * ops.log1p(error / HARD_STYLE)) / (2 * len(STYLE_LAYERS))
        losses["style"] = style
        losses["temporal"] = ops.mean(ops.square(expected - again) * x["inside"])
        for name, value in losses.items():
            self._means[name].update_state(value)
        return sum(self._loss_weights[name] * value for name, value in losses.items())


def _unit(pictures):
    """Do the same as `scaled`, for a tensor."""
    return ops.cast(pictures, "float32") / 255.0


def _quarters(maps):
    """The quarters of each picture's maps, as pictures of their own: B x H x W x N -> 4B x H/2 x W/2 x N."""
    batch, height, width, count = ops.shape(maps)
    parts = ops.reshape(maps, (batch, 2, height // 2, 2, width // 2, count))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (4 * batch, height // 2, width // 2, count))


def _mixture(values, share):
    """Mix `share` (B,) of each of `values` with the rest of the previous one in the batch."""
    share = ops.reshape(share, (-1, *[1] * (len(values.shape) - 1)))
    return values * share + ops.roll(values, 1, axis=0) * (1 - share)


class Keeper(keras.callbacks.Callback):
    """Saves the averaged weights and a sheet of validation pictures after each epoch; appends to the log."""

    def __init__(
        self,
        run: Path,
        shape: Shape,
        style_network: keras.Model,
        maps: keras.Model,
        photos: list[np.ndarray],
        styles: list[np.ndarray],
    ):
        super().__init__()
        self._run, self._networks = run, (style_network, maps)
        self._transform = build_transform(maps)
        self._photos, self._styles = photos, styles
        (run / "shape.json").write_text(json.dumps(asdict(shape)))

    def on_epoch_end(self, epoch, logs=None):
        with open(self._run / "log.jsonl", "a") as file:
            file.write(json.dumps({"epoch": epoch, **{k: float(v) for k, v in (logs or {}).items()}}) + "\n")
        variables = self.model.trainable_variables
        trained = [ops.convert_to_numpy(v) for v in variables]
        self.model.optimizer.finalize_variable_values(variables)
        for network in self._networks:
            save_weights(self._run, network)
        if self._photos:
            self._draw()
        for variable, value in zip(variables, trained):
            variable.assign(value)

    def _draw(self) -> None:
        rows = []
        photos = scaled(np.stack(self._photos))
        for style in self._styles:
            code = ops.convert_to_numpy(self._networks[0].predict_on_batch(scaled(style[None])))
            out = self._transform.predict_on_batch([photos, np.repeat(code, len(photos), 0)])
            tile = cv2.resize(style, (photos.shape[2], photos.shape[1]))
            rows.append(np.hstack([tile, *(ops.convert_to_numpy(out) * 255).astype(np.uint8)]))
        cv2.imwrite(str(self._run / "sheet.jpg"), np.vstack(rows))


def checkpoint(folder: Path) -> keras.callbacks.Callback:
    """Return a callback that saves a run's state in `folder` after each epoch; a restarted run continues from it."""
    return keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)


def optimizer(rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Return Adam with warm-up, cosine decay to 3 % of `rate`, and weights averaged over the last steps."""
    warm_up = min(100, steps // 5)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps - warm_up, 0.03, warmup_target=rate, warmup_steps=warm_up
    )
    return keras.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, ema_momentum=0.99)


def validation_pictures(folder: Path | None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return squares of the images in photos/ and styles/ of a folder, for the sheet."""
    if folder is None:
        return [], []
    rng = np.random.default_rng(0)
    photos, styles = (
        [crop_to(read_image(path), size, rng) for path in images_in(folder / kind)]
        for kind, size in (("photos", 256), ("styles", 168))
    )
    return photos, styles


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--made",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of style pictures that a teacher made.",
)
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Folder with photos/ and styles/.")
@click.option("--steps", default=4000, show_default=True, help="Steps of the whole schedule.")
@click.option("--batch", default=4, show_default=True)
@click.option("--rate", default=8e-4, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--content", default=1.0, show_default=True, help="Weight of the content loss.")
@click.option("--style", default=12.0, show_default=True, help="Weight of the style loss.")
@click.option("--temporal", default=350.0, show_default=True, help="Weight of the temporal loss.")
@click.option("--side", default=256, show_default=True, help="Side of the squares that are stylized, a multiple of 16.")
@click.option("--style-size", default=384, show_default=True, help="Long side of the pictures that Grams are of.")
@click.option(
    "--shapes",
    default=24,
    show_default=True,
    help="How many shapes of such pictures there are; XLA takes a minute to compile a step for each.",
)
@click.option("--scenes", default=160, show_default=True, help="Squares of the built-in scene among the photographs.")
@click.option("--mixed", default=0.15, show_default=True, help="Fraction of batches that mix styles.")
@click.option("--both/--maps-only", default=True, help="Train the style network too.  [default: both]")
@click.option(
    "--start",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="The run to take the first weights from.",
)
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="What VGG computes with; bfloat16 is faster where the processor has it.",
)
@click.option("--seed", default=1, show_default=True)
def main(
    data,
    run,
    made,
    features,
    validation,
    steps,
    batch,
    rate,
    side,
    style_size,
    shapes,
    scenes,
    both,
    start,
    precision,
    seed,
    mixed,
    **weights,
) -> None:
    """Train on the pictures in DATA; everything goes to RUN, and a stopped run continues."""
    keras.utils.set_random_seed(seed)
    run.mkdir(parents=True, exist_ok=True)
    per_epoch = min(steps, max(100, steps // 100))
    style_network, maps, shape = load_networks(start)
    style_network.trainable = both
    model = Training(style_network, maps, load_features(features, precision), weights, seed)
    model.compile(optimizer(rate, steps))
    rng = np.random.default_rng(seed)
    photos, styles = Photos(data, side, scenes, rng), Styles(data, made, style_size)
    log = run / "log.jsonl"
    done = per_epoch * len(log.read_text().splitlines()) if log.is_file() else 0
    model.fit(
        Batches(photos, styles, style_shapes(style_size, shapes, rng), per_epoch, batch, mixed, seed, done),
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[
            checkpoint(run / "backup"),
            Keeper(run, shape, style_network, maps, *validation_pictures(validation)),
        ],
    )


if __name__ == "__main__":
    main()
