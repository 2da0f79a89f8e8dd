"""Train predictor and transform of `strokes.network` against the paintings, for strokes that are each painting's own.

    KERAS_BACKEND=torch python -m realtime_nst.training.strokes.train DATA RUN --features VGG.npz --start GROWN

PyTorch alone, on a GPU where it finds one. A stopped run continues where it was: RUN keeps the checkpoint, the averaged
weights and a log of the losses.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import click
import keras
import numpy as np
import torch
from torch.nn import functional

from realtime_nst.evaluation.metrics import CONTENT_LAYER, STYLE_LAYERS
from realtime_nst.nst.fit import quarters
from realtime_nst.nst.losses import mean_gram, relative_gram_error
from realtime_nst.nst.strokes import equalize, luminance, structure_loss
from realtime_nst.training.data import Photos
from realtime_nst.training.motion import inside, random_flow, warp
from realtime_nst.training.network import DepthToSpace, Phases, ReflectionPad
from realtime_nst.training.strokes.network import SEED_PERIODS, load_stroke_networks
from realtime_nst.training.strokes.styles import Style, StylePool, TorchVgg, style_paths, unit_vectors
from realtime_nst.training.train import HARD_STYLE, STYLE_GAIN, save_weights

LAYER_WEIGHTS = dict(zip(STYLE_LAYERS, (0.7, 0.9, 1.2, 1.2)))
"""Of the style loss in colour, 4 in all. The strokes' layers weigh alike."""

TEMPERATURE = 0.12
"""Of relative distances of strokes: by about how much an output is to be nearer to its own style than to another."""

RANGE = 10.0
"""Weight of what an output has beyond 0..1, where no other term has a gradient."""

WARM_UP = 60
"""Steps in which the rate rises."""

NEW_FACTOR = 3.0
"""By how much faster the parts of the predictor learn that begin without effect."""

AVERAGED = 0.98
"""Momentum of the mean of weights over steps, which is what is kept."""


class Batch(NamedTuple):
    """Random photographs and how they move."""

    frames: np.ndarray
    """float32 B x H x W x 3, 0..255."""
    flow: np.ndarray
    inside: np.ndarray
    rng: np.random.Generator
    """For what else is random in this step."""


class Drawer:
    """Draws the batches of a run, the next ones in threads meanwhile. Which batch is a step's is given by the seed."""

    def __init__(self, photos: Photos, batch: int, side: int, seed: int, step: int):
        self._photos, self._batch, self._side, self._seed, self._next = photos, batch, side, seed, step
        threads = max(1, (os.cpu_count() or 1) // 2)
        self._threads, self._ahead = ThreadPoolExecutor(threads), threads + 1
        self._pending: deque = deque()

    def draw(self) -> Batch:
        while len(self._pending) < self._ahead:
            self._pending.append(self._threads.submit(self._drawn, self._next))
            self._next += 1
        return self._pending.popleft().result()

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _drawn(self, step: int) -> Batch:
        rng = np.random.default_rng([self._seed, 77, step])
        frames = np.stack([self._photos.draw(rng) for _ in range(self._batch)]).astype(np.float32)
        flow = random_flow(self._batch, self._side, rng)
        return Batch(frames, flow, inside(flow), rng)


class Seeds:
    """Smooth noise like the network's own seed, of places drawn at random from a large field."""

    def __init__(self, deviation: float, generator: torch.Generator, side: int = 1024):
        field = torch.zeros(side, side)
        for cell in SEED_PERIODS:
            coarse = torch.randn(1, 1, side // cell, side // cell, generator=generator)
            part = functional.interpolate(coarse, size=(side, side), mode="bicubic")[0, 0]
            field += part / part.std()
        self._field, self._generator = field * deviation / len(SEED_PERIODS) ** 0.5, generator

    def draw(self, count: int, height: int, width: int) -> torch.Tensor:
        """B x H x W x 1."""
        parts = []
        for _ in range(count):
            y, x = (
                int(torch.randint(0, len(self._field) - side, (1,), generator=self._generator))
                for side in (height, width)
            )
            parts.append(self._field[y : y + height, x : x + width])
        return torch.stack(parts)[..., None]


def stylized(seeded: keras.Model, frames: torch.Tensor, seed: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Frames B x H x W x 3, 0..1, in the styles of `vectors` (one, or one for each): the same, not clipped yet."""
    low = functional.avg_pool2d(frames.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    offset, gain = seeded([low, seed, vectors])
    return offset + DepthToSpace()(Phases()(ReflectionPad()(gain))) * frames


def step_losses(
    vgg: TorchVgg,
    made: torch.Tensor,
    frames: torch.Tensor,
    styles: list[Style],
    share: torch.Tensor,
    negatives: list[Style],
    coloured: int,
) -> tuple[dict[str, torch.Tensor], float]:
    """Compute the terms that are minimized.

    content     mean squared difference of VGG features over their variance in the photograph
    style       Gram matrices in colour, as in `train.Training`, deeper layers weighing more
    strokes     squared distances of unit Gram matrices without colours and tones, each over its mean over styles
    contrast    cross entropy of those distances: nearer to its own style than to all others
    luminance   `structure_loss`: light and dark stay where they are

    Args:
        vgg: Feature maps; nearly all of what a step costs, so that each picture is looked at once: the first
            `coloured` in colour, the others without.
        made, frames: B x H x W x 3, 0..255.
        styles: Of each picture.
        share: B, of its own style; the rest is that of the picture before it.
        negatives: Styles that no picture has.
        coloured: How many are looked at in colour, fewer than B.

    Returns:
        The terms, and the share of the others that are nearest to their own style.
    """
    batch = len(made)
    grey = equalize(luminance(made[coloured:]))[..., None].expand(-1, -1, -1, 3)
    found = vgg(torch.cat([made[:coloured], grey]), STYLE_LAYERS)
    with torch.no_grad():
        content = vgg(frames[:coloured], [CONTENT_LAYER])[CONTENT_LAYER].float()
    apart = ((content - found[CONTENT_LAYER][:coloured].float()) ** 2).mean((1, 2, 3)) / content.var((1, 2, 3))
    losses = {"content": apart.mean(), "luminance": structure_loss(frames, made).mean()}
    style, distances = torch.zeros((), device=made.device), []
    mix = share.reshape(-1, 1, 1)
    for layer in STYLE_LAYERS:
        asked = torch.stack([each.gram(layer) for each in styles])
        asked = STYLE_GAIN[layer] * (mix * asked + (1 - mix) * asked.roll(1, 0))[:coloured]
        parts = mean_gram(quarters(found[layer][:coloured]).float())
        whole = parts.reshape(-1, 4, *parts.shape[1:]).mean(1)
        for error in (relative_gram_error(asked, whole), relative_gram_error(asked.repeat_interleave(4, 0), parts)):
            style = style + LAYER_WEIGHTS[layer] * (HARD_STYLE * torch.log1p(error / HARD_STYLE)).mean() / 8
        gram = mean_gram(found[layer][coloured:].float())
        theirs = torch.stack([each.strokes[layer] for each in (*styles, *negatives)]).float()
        distance = 2 - 2 * (unit_vectors(gram) @ theirs.T) / gram.shape[1] ** 2
        distances.append(distance / distance.detach().mean(1, keepdim=True))
    losses["style"] = style
    distance = torch.stack(distances).mean(0)  # (B - coloured) x (B + negatives)
    own = torch.arange(coloured, batch, device=made.device)
    rows = own - coloured
    before = distance[rows, own - 1]
    losses["strokes"] = (share[coloured:] * distance[rows, own] + (1 - share[coloured:]) * before).mean()
    if bool((share == 1).all()):
        losses["contrast"] = functional.cross_entropy(-distance / TEMPERATURE, own)
    return losses, float((distance.argmin(1) == own).float().mean())


class Average:
    """The exponential mean of parameters over steps."""

    def __init__(self, parameters: list[torch.Tensor]):
        self.parameters = parameters
        self.values = [parameter.detach().clone() for parameter in parameters]

    def update(self) -> None:
        for value, parameter in zip(self.values, self.parameters):
            value.lerp_(parameter.detach(), 1 - AVERAGED)

    def swap(self) -> None:
        """Exchange parameters and their means."""
        for value, parameter in zip(self.values, self.parameters):
            kept = parameter.detach().clone()
            parameter.data.copy_(value)
            value.copy_(kept)


class Trainer:
    """The networks of a run, their optimizer and what a step does.

    Args:
        run: The folder of the run; continues from the checkpoint in it, if there is one.
        start: The run to take the first weights from.
        rate: Largest learning rate.
        steps: Of the whole schedule.
        weights: Of the terms of the loss, by name.
        predictor_only: Leave the transform as it is.
        seed: Of all that is random.
    """

    def __init__(
        self,
        run: Path,
        start: Path,
        rate: float,
        steps: int,
        weights: dict[str, float],
        predictor_only: bool,
        seed: int,
    ):
        self.predictor, self.seeded, self.shape = load_stroke_networks(start)
        self.device = self.seeded.variables[0].value.device
        self._run, self._rate, self._steps, self._weights = run, rate, steps, weights
        (run / "shape.json").write_text(json.dumps(asdict(self.shape)))
        networks = [self.predictor] if predictor_only else [self.predictor, self.seeded]
        if predictor_only:
            for variable in self.seeded.variables:
                variable.value.requires_grad_(False)
        groups = self._groups(networks)
        self._parameters = [parameter for group in groups for parameter in group["params"]]
        self._optimizer = torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.99))
        self._average = Average(self._parameters)
        self.step = self._resume()
        generator = torch.Generator().manual_seed(seed + self.step)
        self._seeds = Seeds(self.shape.seed, generator)

    def _groups(self, networks: list[keras.Model]) -> list[dict]:
        usual, fast = [], []
        for variable in (each for network in networks for each in network.trainable_variables):
            new = variable.path.startswith(("wide", "kernels", "correlated"))
            (fast if new else usual).append(variable.value)
        return [{"params": fast, "factor": NEW_FACTOR}, {"params": usual, "factor": 1.0}]

    def _resume(self) -> int:
        kept = self._run / "checkpoint.pt"
        if not kept.is_file():
            return 0
        state = torch.load(kept, map_location=self.device)
        for parameter, value in zip(self._parameters, state["parameters"], strict=True):
            parameter.data.copy_(value)
        for mean, value in zip(self._average.values, state["average"], strict=True):
            mean.copy_(value)
        self._optimizer.load_state_dict(state["optimizer"])
        return state["step"]

    def train_step(
        self, batch: Batch, vgg: TorchVgg, styles: list[Style], negatives: list[Style], mixed: float
    ) -> dict[str, float]:
        """Make one step; return its terms and what `step_losses` found."""
        rng, count, side = batch.rng, len(batch.frames), batch.frames.shape[1]
        self._set_rate()
        frames = self._tensor(batch.frames)
        mixture = rng.random() < mixed
        share = self._tensor(rng.uniform(0.3, 0.7, count) if mixture else np.ones(count))
        vectors = torch.cat([self.predictor(style.seen[None]) for style in styles])
        vectors = share[:, None] * vectors + (1 - share[:, None]) * vectors.roll(1, 0)
        seed = self._seeds.draw(count, side // 2, side // 2).to(self.device)
        made = stylized(self.seeded, frames / 255, seed, vectors)
        # By turns: content and palette are as they were, strokes are what is to be learned.
        coloured = max(1, count // 4) * (1 + self.step % 2)
        inner = made.clamp(0, 1)
        values, found = step_losses(vgg, 255 * inner, frames, styles, share, negatives, coloured)
        if self._weights["temporal"] and self.step % 3 == 0:
            again = stylized(self.seeded, self._moved(frames / 255, batch), seed, vectors).clamp(0, 1)
            moved = warp(inner, self._tensor(batch.flow))
            values["temporal"] = 3 * ((moved - again) ** 2 * self._tensor(batch.inside)).mean()
        values["range"] = ((made - inner) ** 2).mean()
        total: Any = sum(self._weights.get(name, RANGE) * value for name, value in values.items())
        self._optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self._parameters, 5.0)
        self._optimizer.step()
        self._average.update()
        self.step += 1
        return {name: float(value.detach()) for name, value in values.items()} | {"found": found}

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(self.device)

    def _moved(self, frames: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The frames a moment later: moved, in another light, with noise."""
        count = len(frames)
        light = self._tensor(batch.rng.uniform(0.94, 1.06, (count, 1, 1, 1)))
        noise = self._tensor(batch.rng.uniform(0, 0.02, (count, 1, 1, 1))) * torch.randn_like(frames)
        return (warp(frames, self._tensor(batch.flow)) * light + noise).clamp(0, 1)

    def _set_rate(self) -> None:
        done = 0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * self.step / self._steps))
        for group in self._optimizer.param_groups:
            group["lr"] = group["factor"] * self._rate * min(1.0, (self.step + 1) / WARM_UP) * done

    def save(self) -> None:
        """Keep the checkpoint and the averaged weights, each whole or not at all."""
        partial = self._run / "partial.pt"
        torch.save(
            {
                "step": self.step,
                "parameters": [parameter.detach() for parameter in self._parameters],
                "average": self._average.values,
                "optimizer": self._optimizer.state_dict(),
            },
            partial,
        )
        partial.replace(self._run / "checkpoint.pt")
        self._average.swap()
        for network in (self.predictor, self.seeded):
            save_weights(self._run, network)
        self._average.swap()


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--features", type=click.Path(exists=True, path_type=Path), required=True, help="VGG weights (npz).")
@click.option(
    "--start",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="The run to take the first weights from.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Folder of the styles' Gram matrices, which runs may share.  [default: RUN/styles]",
)
@click.option("--steps", default=1500, show_default=True, help="Steps of the whole schedule.")
@click.option("--batch", default=4, show_default=True, help="Pictures a step; 4 or more.")
@click.option("--side", default=192, show_default=True, help="Side of the squares, a multiple of 32.")
@click.option("--style-size", default=448, show_default=True, help="Long side of the pictures that Grams are of.")
@click.option("--styles", "most", default=600, show_default=True, help="How many style pictures there are at last.")
@click.option("--first", default=48, show_default=True, help="How many there are in the first step.")
@click.option("--every", default=3, show_default=True, help="After how many steps one more comes.")
@click.option("--textures", default=120, show_default=True, help="Textures among all that could be taken.")
@click.option("--negatives", default=64, show_default=True, help="Other styles that an output is compared with.")
@click.option("--mixed", default=0.08, show_default=True, help="Fraction of batches that mix styles.")
@click.option("--rate", default=3e-4, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--content", default=1.0, show_default=True, help="Weight of the content loss.")
@click.option("--style", default=10.0, show_default=True, help="Weight of the style loss in colour.")
@click.option("--strokes", default=9.0, show_default=True, help="Weight of the strokes' distance.")
@click.option("--contrast", default=1.5, show_default=True, help="Weight of the contrastive term.")
@click.option("--luminance", default=6.0, show_default=True, help="Weight of what keeps light and dark.")
@click.option("--temporal", default=200.0, show_default=True, help="Weight of the temporal loss.")
@click.option("--predictor-only", is_flag=True, help="Leave the transform as it is, so that fitted vectors stay valid.")
@click.option("--keep-every", default=60, show_default=True, help="Steps between checkpoints.")
@click.option("--seed", default=1, show_default=True)
def main(
    data,
    run,
    features,
    start,
    cache,
    steps,
    batch,
    side,
    style_size,
    most,
    first,
    every,
    textures,
    negatives,
    mixed,
    rate,
    predictor_only,
    keep_every,
    seed,
    **weights,
) -> None:
    """Train on the pictures in DATA; everything goes to RUN, and a stopped run continues."""
    if keras.backend.backend() != "torch":
        raise click.UsageError("this stage computes with PyTorch: set KERAS_BACKEND=torch")
    if batch < 4:
        raise click.UsageError("--batch has to be 4 or more: some pictures are looked at in colour, some without")
    torch.manual_seed(seed)
    cv2.setNumThreads(1)
    run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(run, start, rate, steps, weights, predictor_only, seed)
    vgg = TorchVgg(features, trainer.device)
    paths = style_paths(data, textures, np.random.default_rng(seed))[:most]
    pool = StylePool(paths, vgg, cache or run / "styles", style_size, first + trainer.step // every, trainer.device)
    click.echo(f"{trainer.device}: step {trainer.step} of {steps}, {len(pool.styles)} of {len(paths)} styles")
    drawer = Drawer(Photos(data, side, 160, np.random.default_rng(seed)), batch, side, seed, trainer.step)
    began, sums, per_line = time.time(), {}, 20
    while trainer.step < steps:
        drawn = drawer.draw()
        pool.grow(first + trainer.step // every)
        chosen = drawn.rng.permutation(len(pool.styles))[: batch + negatives]
        styles = [pool.styles[index] for index in chosen]
        found = trainer.train_step(drawn, vgg, styles[:batch], styles[batch:], mixed)
        for name, value in found.items():
            sums[name] = [*sums.get(name, []), value]
        if trainer.step % per_line == 0 or trainer.step == steps:
            line = {"step": trainer.step, "seconds": round((time.time() - began) / len(sums["range"]), 2)}
            line |= {"styles": len(pool.styles)} | {name: round(float(np.mean(sums[name])), 4) for name in sums}
            with open(run / "log.jsonl", "a") as file:
                file.write(json.dumps(line) + "\n")
            click.echo(json.dumps(line))
            began, sums = time.time(), {}
        if trainer.step % keep_every == 0 or trainer.step == steps:
            trainer.save()
    drawer.close()


if __name__ == "__main__":
    main()
