"""Last stage: train both halves against the paintings themselves.

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
from realtime_nst.losses import mean_gram, relative_gram_error
from realtime_nst.pictures import pictures_in, read_picture
from realtime_nst.training.data import CONTENT_LAYER, GRAM_UNIT, STYLE_LAYERS, crop_to
from realtime_nst.training.motion import inside, moved, random_flow, warp
from realtime_nst.training.network import (
    Shape,
    build_maps,
    build_style_network,
    build_transform,
)

CONTENT_STRIDE = 4
"""Pixels from one position of CONTENT_LAYER to the next."""

HARD_STYLE = 3.0
"""The relative error of Gram matrices from which on it counts by half and less."""

STYLE_GAIN = dict(zip(STYLE_LAYERS, (1.0, 1.25, 1.3, 1.3)))
"""By how much larger Gram matrices are asked for than the style's. Those of a small window vary around those of a whole
picture, and what makes their squared error least has too little of the style (shrinkage): without this those of a whole
picture fit the style's best when multiplied by up to 1.4."""

CONTENT_EDGE = 5
"""Positions of CONTENT_LAYER at the window's edge that see zeros where the photograph's features saw more of it."""


def scaled(pictures: np.ndarray) -> np.ndarray:
    """uint8 BGR pictures as the network takes them: float32 BGR, 0..1."""
    return pictures.astype(np.float32) / 255


def load_networks(run: Path) -> tuple[keras.Model, keras.Model, Shape]:
    """The style network and the maps of a run, and their shape."""
    saved = json.loads((run / "shape.json").read_text())
    shape = Shape(**{name: tuple(v) if isinstance(v, list) else v for name, v in saved.items()})
    style_network, maps = build_style_network(shape), build_maps(shape)
    for network in (style_network, maps):
        network.load_weights(weights_file(run, network))
    return style_network, maps, shape


def weights_file(run: Path, network: keras.Model) -> Path:
    """Where the weights of a network are kept in a run."""
    return run / f"{network.name}.weights.h5"


def save_weights(run: Path, network: keras.Model) -> None:
    """Keep the weights of a network in a run, whole or not at all: a run that is killed meanwhile has those before."""
    kept = weights_file(run, network)
    partial = kept.with_name(f"partial.{kept.name}")
    network.save_weights(partial)
    partial.replace(kept)


class Batches(keras.utils.PyDataset):
    """Random photographs with random styles, some batches mixtures of two styles."""

    def __init__(self, data: Path, steps: int, batch: int, window: int, mixed: float, seed: int):
        super().__init__()
        with np.load(data / "styles.npz") as file:
            self._styles = {name: file[name] for name in file.files}
        with np.load(data / "photos.npz") as file:
            self._photos = {name: file[name] for name in file.files}
        # The photographs' features are of the square in their middle.
        self._side = CONTENT_STRIDE * self._photos["features"].shape[1]
        edge = (self._photos["pictures"].shape[1] - self._side) // 2
        self._pictures = self._photos["pictures"][:, edge : edge + self._side, edge : edge + self._side]
        self._variances = np.float32([features.astype(np.float32).var() for features in self._photos["features"]])
        self._positions = window // CONTENT_STRIDE
        self._steps, self._batch, self._mixed = steps, batch, mixed
        self._rng = np.random.default_rng(seed)
        _, self._alike = np.unique(self._styles["sizes"], axis=0, return_inverse=True)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        rng, count = self._rng, self._batch
        photos = rng.integers(0, len(self._pictures), count)
        # All pictures of a batch are of one size: that of the first.
        styles = rng.choice(np.flatnonzero(self._alike == rng.choice(self._alike)), count)
        share = rng.uniform(0.3, 0.7, count) if rng.random() < self._mixed else np.ones(count)
        frames = scaled(self._pictures[photos])
        pictures = self._shown(styles)
        flow = random_flow(count, self._side, rng)
        relit = moved(frames, flow) * rng.uniform(0.94, 1.06, (count, 1, 1, 1)).astype(np.float32)
        noise = rng.uniform(0, 0.02) * rng.standard_normal(frames.shape, np.float32)
        corner = rng.integers(0, self._side // CONTENT_STRIDE - self._positions + 1, 2).astype(np.int32)
        row, column = (slice(place, place + self._positions) for place in corner)
        return {
            "frame": frames,
            "picture": scaled(pictures),
            "share": share.astype(np.float32),
            "corner": CONTENT_STRIDE * corner,
            "flow": flow,
            "inside": inside(flow),
            "next": np.clip(relit + noise, 0, 1),
            "content": self._photos["features"][photos, row, column].astype(np.float32),
            "variance": self._variances[photos],
            **{layer: GRAM_UNIT * self._styles[layer][styles].astype(np.float32) for layer in STYLE_LAYERS},
        }, np.zeros(count, np.float32)

    def _shown(self, styles: np.ndarray) -> np.ndarray:
        """Style pictures as the style network sees them, without a few rows and columns, since it must not mind odd
        sides. The Gram matrices of a picture are nearly those of such a part, and of its mirror image."""
        height, width = (self._rng.integers(int(0.92 * side), side + 1) for side in self._styles["sizes"][styles[0]])
        pictures = self._styles["pictures"][styles, :height, :width]
        return np.ascontiguousarray(pictures[:, :, :: self._rng.choice([-1, 1])])


class Training(keras.Model):
    """Both networks with their losses: what `fit` minimizes.

    content     mean squared difference of VGG features over their variance in the photograph
    style       mean over layers of h log(1 + e / h), e = ||G - G_style||^2 / ||G_style||^2 and h = HARD_STYLE: the
                logarithm keeps the few pairs that are very unlike from ruling all others; G_style is STYLE_GAIN times
                the style picture's Gram matrix
    temporal    mean squared difference between the moved output and the output of the moved, relit, noisy frame

    Content and style are those of a window of the frame, at a place that changes from batch to batch. In a batch of
    mixtures each picture's style is `share` of its own and the rest of its neighbour's, codes and Gram matrices alike.
    """

    def __init__(
        self,
        style_network: keras.Model,
        maps: keras.Model,
        vgg: Vgg,
        window: int,
        weights: dict[str, float],
    ):
        super().__init__()
        self.style_network, self.maps, self.transform = style_network, maps, build_transform(maps)
        self._vgg, self._window, self._loss_weights = vgg, window, weights
        self._means = {name: keras.metrics.Mean(name=name) for name in ("content", "style", "temporal")}
        self.built = True

    @property
    def metrics(self):
        return list(self._means.values())

    def call(self, x):
        code = _mixture(self.style_network(x["picture"]), x["share"])
        out = self.transform([x["frame"], code])
        if not self._loss_weights["temporal"]:
            return out, out, out
        return out, warp(out, x["flow"]), self.transform([x["next"], code])

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        out, expected, again = y_pred
        place, side = (0, x["corner"][0], x["corner"][1], 0), self._window
        found = self._vgg(255.0 * ops.slice(out, place, (ops.shape(out)[0], side, side, 3)), STYLE_LAYERS)

        inner = slice(CONTENT_EDGE, -CONTENT_EDGE)
        apart = (x["content"] - ops.cast(found[CONTENT_LAYER], "float32"))[:, inner, inner]
        losses = {"content": ops.mean(ops.mean(ops.square(apart), axis=(1, 2, 3)) / x["variance"])}

        style = 0.0
        for layer in STYLE_LAYERS:
            wanted = _mixture(x[layer], x["share"])
            error = relative_gram_error(STYLE_GAIN[layer] * wanted, ops.cast(mean_gram(found[layer]), "float32"))
            style = style + HARD_STYLE * ops.log1p(error / HARD_STYLE) / len(STYLE_LAYERS)
        losses["style"] = ops.mean(style)
        losses["temporal"] = ops.mean(ops.square(expected - again) * x["inside"])
        for name, value in losses.items():
            self._means[name].update_state(value)
        return sum(self._loss_weights[name] * value for name, value in losses.items())


def _mixture(values, share):
    """`share` (B,) of each of `values` and the rest of the one before it in the batch."""
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
        import cv2

        rows = []
        photos = scaled(np.stack(self._photos))
        for style in self._styles:
            code = ops.convert_to_numpy(self._networks[0].predict_on_batch(scaled(style[None])))
            out = self._transform.predict_on_batch([photos, np.repeat(code, len(photos), 0)])
            tile = cv2.resize(style, (photos.shape[2], photos.shape[1]))
            rows.append(np.hstack([tile, *(ops.convert_to_numpy(out) * 255).astype(np.uint8)]))
        cv2.imwrite(str(self._run / "sheet.jpg"), np.vstack(rows))


def checkpoint(folder: Path) -> keras.callbacks.Callback:
    """Keeps the state of a run in `folder` after each epoch: started again it goes on, and a finished one stays."""
    return keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)


def optimizer(rate: float, steps: int) -> keras.optimizers.Optimizer:
    """Adam, warmed up and along a cosine to 3 % of `rate`, with weights averaged over the last steps."""
    warm_up = min(100, steps // 5)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 20, steps - warm_up, 0.03, warmup_target=rate, warmup_steps=warm_up
    )
    return keras.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, ema_momentum=0.99)


def validation_pictures(folder: Path | None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Squares of the pictures in photos/ and styles/ of a folder, for the sheet."""
    if folder is None:
        return [], []
    rng = np.random.default_rng(0)
    return tuple(
        [crop_to(read_picture(path), size, rng) for path in pictures_in(folder / kind)]
        for kind, size in (("photos", 256), ("styles", 168))
    )


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Folder with photos/ and styles/.")
@click.option("--steps", default=4000, show_default=True, help="Steps of the whole schedule.")
@click.option("--batch", default=4, show_default=True)
@click.option("--window", default=192, show_default=True, help="Side of the part that VGG looks at.")
@click.option("--rate", default=8e-4, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--content", default=1.0, show_default=True, help="Weight of the content loss.")
@click.option("--style", default=20.0, show_default=True, help="Weight of the style loss.")
@click.option("--temporal", default=470.0, show_default=True, help="Weight of the temporal loss.")
@click.option("--mixed", default=0.15, show_default=True, help="Fraction of batches that mix styles.")
@click.option("--both/--maps-only", default=True, help="Train the style network too.  [default: both]")
@click.option("--start", type=click.Path(exists=True, path_type=Path), required=True,
              help="The run to take the first weights from.")
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
              help="What VGG computes with; bfloat16 is faster where the processor has it.")
@click.option("--seed", default=1, show_default=True)
def main(data, run, features, validation, steps, batch, window, rate, both, start, precision, seed, mixed,
         **weights) -> None:
    """Train on the data prepared in DATA; everything goes to RUN, and a stopped run goes on."""
    keras.utils.set_random_seed(seed)
    run.mkdir(parents=True, exist_ok=True)
    per_epoch = min(100, steps)
    style_network, maps, shape = load_networks(start)
    style_network.trainable = both
    model = Training(style_network, maps, load_features(features, precision), window, weights)
    model.compile(optimizer(rate, steps))
    model.fit(
        Batches(data, per_epoch, batch, window, mixed, seed),
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[
            checkpoint(run / "backup"),
            Keeper(run, shape, style_network, maps, *validation_pictures(validation)),
        ],
    )


if __name__ == "__main__":
    main()
