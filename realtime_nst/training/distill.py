"""First stage: learn from a teacher's pictures, which is cheap and gives palette and tones.

    python -m realtime_nst.training.distill pairs DATA HUB_MODEL
    python -m realtime_nst.training.distill train DATA RUN

The teacher stylizes random photographs in random styles once; the network then learns to make the same pictures.
"""

from __future__ import annotations

from pathlib import Path

import click
import keras
import numpy as np
from keras import ops

from realtime_nst.training.network import Shape, build_style_network, build_transform
from realtime_nst.training.train import Sheet, scaled, validation_pictures


class Pairs(keras.utils.PyDataset):
    """Batches of (photograph, style) and the teacher's picture."""

    def __init__(self, data: Path, steps: int, batch: int, seed: int):
        super().__init__()
        with np.load(data / "pairs.npz") as file:
            self._frames, self._styles, self._targets = file["frames"], file["styles"], file["targets"]
        with np.load(data / "styles.npz") as file:
            self._pictures = file["pictures"]
        self._steps, self._batch = steps, batch
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int):
        chosen = self._rng.integers(0, len(self._frames), self._batch)
        flip = slice(None, None, self._rng.choice([-1, 1]))
        frames, targets = (scaled(np.ascontiguousarray(a[chosen][:, :, flip])) for a in (self._frames, self._targets))
        return {"frame": frames, "style": scaled(self._pictures[self._styles[chosen]])}, targets


class Student(keras.Model):
    """The network, trained on the mean absolute difference to the teacher, of pixels and of a Laplacian pyramid."""

    def __init__(self, shape: Shape, levels: int = 4):
        super().__init__()
        self.style_network = build_style_network(shape)
        self.transform = build_transform(shape)
        self._levels = levels

    def call(self, x):
        return self.transform([x["frame"], self.style_network(x["style"])])

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        difference = y - y_pred
        loss = ops.mean(ops.abs(difference))
        for _ in range(self._levels):
            lower = ops.average_pool(difference, 2, 2, "valid")
            detail = difference - ops.repeat(ops.repeat(lower, 2, axis=1), 2, axis=2)
            loss = loss + ops.mean(ops.abs(detail))
            difference = lower
        return loss + 2 * ops.mean(ops.abs(difference))


@click.group()
def main() -> None:
    """Distil a teacher with Magenta's interface into the fast network."""


@main.command("pairs")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=6000, show_default=True)
@click.option("--size", default=160, show_default=True, help="Side of the pictures in pixels, a multiple of 16.")
@click.option("--seed", default=1, show_default=True)
def make_pairs(data: Path, teacher: Path, count: int, size: int, seed: int) -> None:
    """Let the SavedModel TEACHER stylize photographs of photos.npz in styles of styles.npz: pairs.npz."""
    from realtime_nst.networks.hub import HubNetwork

    rng = np.random.default_rng(seed)
    with np.load(data / "photos.npz") as file:
        photos = file["pictures"]
    with np.load(data / "styles.npz") as file:
        styles = file["pictures"]
    network = HubNetwork(teacher)
    codes = [network.encode(style) for style in styles]
    chosen = rng.integers(0, len(styles), count)
    frames = np.empty((count, size, size, 3), np.uint8)
    targets = np.empty_like(frames)
    for number in range(count):
        photo = photos[rng.integers(0, len(photos))]
        y, x = rng.integers(0, photo.shape[0] - size + 1, 2)
        frames[number] = photo[y : y + size, x : x + size]
        targets[number] = network.transform(np.ascontiguousarray(frames[number]), codes[chosen[number]])
    np.savez(data / "pairs.npz", frames=frames, styles=chosen, targets=targets)


@main.command("train")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--validation", type=click.Path(exists=True, path_type=Path), help="Folder with photos/ and styles/.")
@click.option("--steps", default=2000, show_default=True)
@click.option("--batch", default=8, show_default=True)
@click.option("--rate", default=2e-3, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--seed", default=1, show_default=True)
def train(data: Path, run: Path, validation: Path | None, steps: int, batch: int, rate: float, seed: int) -> None:
    """Train on DATA/pairs.npz; weights, log and sheet go to RUN, and a stopped run goes on."""
    keras.utils.set_random_seed(seed)
    run.mkdir(parents=True, exist_ok=True)
    per_epoch, shape = min(100, steps), Shape()
    student = Student(shape)
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps, 0.1)
    student.compile(keras.optimizers.Adam(schedule, clipnorm=1.0, use_ema=True, ema_momentum=0.98))
    student.fit(
        Pairs(data, per_epoch, batch, seed),
        epochs=steps // per_epoch,
        verbose=2,
        callbacks=[keras.callbacks.BackupAndRestore(run / "backup"), Sheet(run, shape, *validation_pictures(validation))],
    )


if __name__ == "__main__":
    main()
