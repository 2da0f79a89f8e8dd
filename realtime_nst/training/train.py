"""Last stage: train the transform against the paintings themselves.

    python -m realtime_nst.training.train DATA RUN --features VGG.npz --start DISTILLED

Stops and goes on where it was: RUN keeps the checkpoint, a log of the losses, and sheets of validation pictures.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import keras
import numpy as np
from keras import ops

from realtime_nst.features import Vgg, load_features
from realtime_nst.losses import mean_gram
from realtime_nst.pictures import pictures_in, read_picture
from realtime_nst.training.data import CONTENT_LAYER, STYLE_LAYERS, crop_to
from realtime_nst.training.network import Shape, build_style_network, build_transform

CONTENT_STRIDE = 4
"""Pixels from one position of CONTENT_LAYER to the next."""

LARGEST_SHIFT = 9
"""Pixels that the temporal loss moves a frame by at most."""


def scaled(pictures: np.ndarray) -> np.ndarray:
    """uint8 BGR pictures as the network takes them: float32 BGR, 0..1."""
    return pictures.astype(np.float32) / 255


def load_style_network(run: Path, shape: Shape) -> keras.Model:
    """The style network trained in a run."""
    style_network = build_style_network(shape)
    style_network.load_weights(run / "style_network.weights.h5")
    return style_network


def codes_of_styles(style_network: keras.Model, data: Path) -> np.ndarray:
    """The codes of the pictures in DATA/styles.npz, float32 B x code."""
    with np.load(data / "styles.npz") as file:
        pictures = file["pictures"]
    found = [style_network.predict_on_batch(scaled(pictures[i : i + 32])) for i in range(0, len(pictures), 32)]
    return np.concatenate([ops.convert_to_numpy(codes) for codes in found])


class Batches(keras.utils.PyDataset):
    """Random photographs with random styles, a fraction of them mixtures of two styles."""

    def __init__(
        self, data: Path, codes: np.ndarray, steps: int, batch: int, window: int, mixed: float, seed: int
    ):
        super().__init__()
        self._codes = codes
        with np.load(data / "styles.npz") as file:
            self._grams = {layer: file[layer] for layer in STYLE_LAYERS}
        with np.load(data / "photos.npz") as file:
            self._photos = {name: file[name] for name in file.files}
        # The photographs' features are of the square in their middle.
        size = CONTENT_STRIDE * self._photos["features"].shape[1]
        edge = (self._photos["pictures"].shape[1] - size) // 2
        self._pictures = self._photos["pictures"][:, edge : edge + size, edge : edge + size]
        self._places = (size - window) // CONTENT_STRIDE + 1
        self._steps, self._batch, self._mixed = steps, batch, mixed
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        rng, count = self._rng, self._batch
        photos = rng.integers(0, len(self._pictures), count)
        frames = scaled(self._pictures[photos])
        one, two = rng.integers(0, len(self._codes), (2, count))
        share = np.where(rng.random(count) < self._mixed, rng.uniform(0.2, 0.8, count), 1.0).astype(np.float32)

        def mixture(values: np.ndarray) -> np.ndarray:
            part = share.reshape(-1, *[1] * (values.ndim - 1))
            return values[one] * part + values[two] * (1 - part)

        return {
            "frame": frames,
            "code": mixture(self._codes),
            "corner": rng.integers(0, self._places, 2).astype(np.int32),
            "shift": rng.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1, 2).astype(np.int32),
            "gain": rng.uniform(0.94, 1.06, (count, 1, 1, 1)).astype(np.float32),
            "noise": rng.normal(0, rng.uniform(0, 0.02), frames.shape).astype(np.float32),
            "content": self._photos["features"][photos].astype(np.float32),
            **{layer: mixture(grams) for layer, grams in self._grams.items()},
        }, np.zeros(count, np.float32)


class Training(keras.Model):
    """The transform with its losses: what `fit` minimizes.

    content     mean squared difference of VGG features over their variance in the photograph
    style       mean over layers of ||G - G_style||^2 / ||G_style||^2, tempered where it is large
    temporal    mean squared difference between the moved output and the output of the moved, relit, noisy frame,
                for the first half of a batch

    Content and style are those of a window of the frame, at a place that changes from batch to batch.
    """

    def __init__(self, transform: keras.Model, vgg: Vgg, window: int, weights: dict[str, float]):
        super().__init__()
        self.transform = transform
        self._vgg, self._window, self._loss_weights = vgg, window, weights
        self._means = {name: keras.metrics.Mean(name=name) for name in ("content", "style", "temporal")}
        self.built = True

    @property
    def metrics(self):
        return list(self._means.values())

    def call(self, x):
        code = x["code"]
        out = self.transform([x["frame"], code])
        if not self._loss_weights["temporal"]:
            return out, out, out
        shift = (x["shift"][0], x["shift"][1])
        half = {name: x[name][: (ops.shape(out)[0] + 1) // 2] for name in ("frame", "gain", "noise")}
        count = ops.shape(half["frame"])[0]
        moved = ops.clip(ops.roll(half["frame"], shift, axis=(1, 2)) * half["gain"] + half["noise"], 0, 1)
        return out, ops.roll(out[:count], shift, axis=(1, 2)), self.transform([moved, code[:count]])

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        out, expected, again = y_pred
        count, row, column = ops.shape(out)[0], x["corner"][0], x["corner"][1]
        side = self._window
        seen = ops.slice(out, (0, CONTENT_STRIDE * row, CONTENT_STRIDE * column, 0), (count, side, side, 3))
        found = self._vgg(seen * 255.0, STYLE_LAYERS)

        side, maps = found[CONTENT_LAYER].shape[2:]
        content = ops.slice(x["content"], (0, row, column, 0), (count, side, side, maps))
        error = ops.mean(ops.square(content - found[CONTENT_LAYER]), axis=(1, 2, 3))
        losses = {"content": ops.mean(error / ops.var(content, axis=(1, 2, 3)))}

        style = 0.0
        for layer in STYLE_LAYERS:
            ratio = ops.sum(ops.square(mean_gram(found[layer]) - x[layer]), axis=(1, 2)) / ops.sum(
                ops.square(x[layer]), axis=(1, 2)
            )
            style = style + 2 * (ops.sqrt(1 + ratio) - 1) / len(STYLE_LAYERS)
        losses["style"] = ops.mean(style)
        # What was rolled in from the other side is no movement of the picture.
        inner = slice(LARGEST_SHIFT, -LARGEST_SHIFT)
        losses["temporal"] = ops.mean(ops.square(expected - again)[:, inner, inner])
        for name, value in losses.items():
            self._means[name].update_state(value)
        return sum(self._loss_weights[name] * value for name, value in losses.items())


class Sheet(keras.callbacks.Callback):
    """Saves the averaged weights and a sheet of validation pictures after each epoch; appends to the log."""

    def __init__(
        self,
        run: Path,
        shape: Shape,
        transform: keras.Model,
        style_network: keras.Model,
        photos: list[np.ndarray],
        styles: list[np.ndarray],
    ):
        super().__init__()
        self._run, self._transform, self._style_network = run, transform, style_network
        self._photos, self._styles = photos, styles
        (run / "shape.json").write_text(json.dumps(asdict(shape)))

    def on_epoch_end(self, epoch, logs=None):
        with open(self._run / "log.jsonl", "a") as file:
            file.write(json.dumps({"epoch": epoch, **{k: float(v) for k, v in (logs or {}).items()}}) + "\n")
        variables = self.model.trainable_variables
        trained = [ops.convert_to_numpy(v) for v in variables]
        self.model.optimizer.finalize_variable_values(variables)
        self._transform.save_weights(self._run / "transform.weights.h5")
        if self._photos:
            self._draw()
        for variable, value in zip(variables, trained):
            variable.assign(value)

    def _draw(self) -> None:
        import cv2

        rows = []
        photos = scaled(np.stack(self._photos))
        for style in self._styles:
            code = ops.convert_to_numpy(self._style_network.predict_on_batch(scaled(style[None])))
            out = self._transform.predict_on_batch([photos, np.repeat(code, len(photos), 0)])
            tile = cv2.resize(style, (photos.shape[2], photos.shape[1]))
            rows.append(np.hstack([tile, *(ops.convert_to_numpy(out) * 255).astype(np.uint8)]))
        cv2.imwrite(str(self._run / "sheet.jpg"), np.vstack(rows))


def checkpoint(folder: Path) -> keras.callbacks.Callback:
    """Keeps the state of a run in `folder` after each epoch: started again it goes on, and a finished one stays."""
    return keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)


def validation_pictures(folder: Path | None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Squares of the pictures in photos/ and styles/ of a folder, for the sheet."""
    if folder is None:
        return [], []
    rng = np.random.default_rng(0)
    return tuple(
        [crop_to(read_picture(path), size, rng) for path in pictures_in(folder / kind)]
        for kind, size in (("photos", 224), ("styles", 168))
    )


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Folder with photos/ and styles/.")
@click.option("--steps", default=3000, show_default=True, help="Steps of the whole schedule.")
@click.option("--batch", default=4, show_default=True)
@click.option("--window", default=160, show_default=True, help="Side of the part that VGG looks at.")
@click.option("--rate", default=2e-3, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--content", default=1.0, show_default=True, help="Weight of the content loss.")
@click.option("--style", default=3.0, show_default=True, help="Weight of the style loss.")
@click.option("--temporal", default=0.0, show_default=True, help="Weight of the temporal loss.")
@click.option("--mixed", default=0.0, show_default=True, help="Fraction of mixtures of two styles.")
@click.option("--start", type=click.Path(exists=True, path_type=Path), required=True,
              help="The run to take the first weights from.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
              help="What VGG computes with; bfloat16 is faster where the processor has it.")
@click.option("--seed", default=1, show_default=True)
def main(data, run, features, validation, steps, batch, window, rate, start, precision, seed, mixed, **weights) -> None:
    """Train on the data prepared in DATA; everything goes to RUN, and a stopped run goes on."""
    keras.utils.set_random_seed(seed)
    run.mkdir(parents=True, exist_ok=True)
    per_epoch, shape = min(100, steps), Shape()
    style_network, transform = load_style_network(start, shape), build_transform(shape)
    transform.load_weights(start / "transform.weights.h5")
    style_network.save_weights(run / "style_network.weights.h5")
    batches = Batches(data, codes_of_styles(style_network, data), per_epoch, batch, window, mixed, seed)
    model = Training(transform, load_features(features, precision), window, weights)
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps, 0.02)
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, ema_momentum=0.99))
    model.fit(
        batches,
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[
            checkpoint(run / "backup"),
            Sheet(run, shape, transform, style_network, *validation_pictures(validation)),
        ],
    )


if __name__ == "__main__":
    main()
