"""Train the network that finds people on what the teacher labelled.

    KERAS_BACKEND=torch python -m realtime_nst.training.segmentation.train LABELLED.npz RUN

A stopped run starts anew: a whole one takes an hour on one CPU core.
"""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import click
import keras
import numpy as np
import torch
from torch.nn import functional

from realtime_nst.training.segmentation.augment import Augmented
from realtime_nst.training.segmentation.network import SIZE, WEIGHTS, build_segmenter

EDGE = 3.0
"""By how much more a pixel on an outline weighs than another."""

OUTLINE = np.ones((7, 7), np.uint8)
"""Pixels whose surroundings of this size have both people and background are on an outline."""


def pixel_weights(masks: np.ndarray) -> np.ndarray:
    """Return what the pixels of masks, float32 B x H x W x 1, 0..1, weigh: 1 to 1 + EDGE, likewise."""
    # Not by pooling in PyTorch, which took a quarter of a step.
    edges = [cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, OUTLINE) for mask in masks[..., 0]]
    return 1 + np.float32(EDGE) * np.stack(edges)[..., np.newaxis]


def loss_of(logits: torch.Tensor, asked: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the weighted cross entropy plus the Dice loss (Milletari et al., "V-Net", 2016).

    Args:
        logits: B x H x W x 1.
        asked: the probabilities, likewise.
        weight: of each pixel, likewise.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, asked, weight=weight)
    found = logits.sigmoid()
    both = (found * asked).sum((1, 2, 3))
    dice = 1 - (2 * both + 400) / (found.sum((1, 2, 3)) + asked.sum((1, 2, 3)) + 400)
    return entropy + dice.mean()


@click.command()
@click.argument("labelled", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--start", type=click.Path(exists=True, path_type=Path), help="A run to take the first weights from.")
@click.option("--steps", default=14000, show_default=True)
@click.option("--batch", default=8, show_default=True)
@click.option("--rate", default=3e-3, show_default=True, help="Peak learning rate; it falls along a cosine.")
@click.option("--seed", default=1, show_default=True)
def main(labelled: Path, run: Path, start: Path | None, steps: int, batch: int, rate: float, seed: int) -> None:
    """Train on LABELLED; the weights go to RUN/segmenter.weights.h5."""
    if keras.backend.backend() != "torch":
        raise click.UsageError("this stage computes with PyTorch: set KERAS_BACKEND=torch")
    keras.utils.set_random_seed(seed)
    cv2.setNumThreads(1)
    run.mkdir(parents=True, exist_ok=True)
    with np.load(labelled) as file:
        pictures = Augmented(file["images"], file["masks"], SIZE, np.random.default_rng(seed))
    network = build_segmenter()
    if start is not None:
        network.load_weights(start / WEIGHTS)
    parameters = [variable.value for variable in network.trainable_variables]
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=1e-3)
    losses: list[float] = []
    with ThreadPoolExecutor(1) as pool:

        def draw() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            images, masks = pictures.batch(batch)
            return images, masks, pixel_weights(masks)

        drawn = pool.submit(draw)
        for step in range(1, steps + 1):
            images, masks, weights = (torch.from_numpy(each) for each in drawn.result())
            drawn = pool.submit(draw)
            for group in optimizer.param_groups:
                cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps))
                group["lr"] = rate * min(1.0, step / 100) * cosine
            loss = loss_of(network(images, training=True), masks, weights)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            losses.append(float(loss.detach()))
            if step % 100 == 0 or step == steps:
                line = json.dumps({"step": step, "loss": round(float(np.mean(losses[-100:])), 4)})
                with open(run / "log.jsonl", "a") as file:
                    file.write(line + "\n")
                click.echo(line)
            if step % 500 == 0 or step == steps:
                network.save_weights(run / WEIGHTS)


if __name__ == "__main__":
    main()
