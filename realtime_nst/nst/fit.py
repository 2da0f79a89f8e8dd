"""A style vector by optimization: the losses of neural style transfer, minimized over a network's style vector.

`optimize` descends over the pixels of one image. This descends over the style vector of a real-time network, with many
content images, and the fitted vector then stylizes every frame at the network's speed. It starts from a predicted
vector; a hundred steps add strokes that the predictor cannot express.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import InputError, ModelError
from ..frames import Image, StyleCode
from ..networks.base import Render
from .vgg import Vgg

STYLE_LAYERS = {"block1_conv2": 0.4, "block2_conv2": 0.8, "block3_conv3": 1.3, "block4_conv3": 1.5}
"""Weights of layers; deeper ones weigh more, which makes strokes larger and more legible."""

SATURATION = 3.0
"""Relative error of Gram matrices at which a further increase counts by half; beyond it, by less."""

STYLE_GAIN = 1.25
"""Factor on the painting's Gram matrices to get the target: those of a small square vary around those of the whole
image, and minimizing their squared error gives too little of the style."""

WARM_UP = 0.1
"""Share of the steps in which the rate rises; then it falls along a cosine."""

AVERAGED = 0.9
"""Momentum of the running mean over steps, which is the fitted vector: each step sees different content images."""


class FitProgress(NamedTuple):
    """The state of a fit after one step. Losses are unweighted."""

    step: int
    """Number of the step, from 1."""
    done: float
    """Fraction of the fit that is done, 0 to 1."""
    total: float
    content: float
    style: float
    strokes: float
    structure: float
    vector: StyleCode
    """The vector fitted so far: float32 (N,)."""


@dataclass(frozen=True)
class FitTarget:
    """The target of a fit, and the weights of the losses."""

    vgg: Vgg
    painting: Image
    """The style image, uint8 BGR, H x W x 3."""
    contents: Sequence[Image]
    """The content images to stylize, uint8 BGR, H x W x 3; at least one."""
    alpha: float = 1.0
    """Weight of the content loss."""
    beta: float = 12.0
    """Weight of the style loss, in colour."""
    strokes: float = 8.0
    """Weight of the style loss with colours and tones taken away."""
    structure: float = 4.0
    """Weight of the loss that keeps light and dark areas in place."""
    content_layer: str = "block3_conv3"
    style_layers: Mapping[str, float] = field(default_factory=lambda: dict(STYLE_LAYERS))
    style_side: int = 512
    """Long side, in pixels, to which the painting is scaled: a larger one makes bolder strokes."""


def fit(
    render: Render,
    start: StyleCode,
    target: FitTarget,
    *,
    steps: int = 120,
    seconds: float | None = None,
    side: int = 256,
    batch: int = 1,
    rate: float = 2e-2,
    seed: int = 7,
) -> Iterator[FitProgress]:
    """Minimize the weighted sum of the losses of `target` over a style vector; yield after each step.

    The iteration may be stopped at any time; the vector of the last step is the best so far. The optimizer is Adam
    (Kingma and Ba, 2015); its rate is warmed up, then lowered along a cosine over all `steps`.

    Args:
        render: stylizes frames with a vector.
        start: the vector to start from, as predicted: float32 (N,).
        target: the target of the fit, and the weights of the losses.
        steps: number of steps of the schedule.
        seconds: duration of the schedule instead of `steps`. It counts from the end of the first step, which includes
            compilation; so there is at least one more.
        side: side, in pixels, of the squares cut from content images; a multiple of 32.
        batch: squares per step.
        rate: Adam's largest step for each element of the vector.
        seed: the same seed gives the same squares in the same order.

    Raises:
        InputError: if there is no content image.
        ModelError: if the feature network lacks a layer, or Keras runs on a backend without gradients.
        ValueError: if `side` is not a multiple of 32.
    """
    if not target.contents:
        raise InputError("a fit needs content pictures to stylize; give it at least one")
    unknown = {target.content_layer, *target.style_layers} - set(target.vgg.layers)
    if unknown:
        raise ModelError(f"no layer {', '.join(sorted(unknown))}; there are {', '.join(target.vgg.layers)}")
    if side % 32:
        raise ValueError(f"squares of {side} pixels; a side has to be a multiple of 32")
    from .gradients import with_gradient

    function = with_gradient(_losses(render, target))
    schedule = _by_steps(steps) if seconds is None else _by_time(seconds)
    return _descend(function, np.asarray(start, np.float32), target.contents, schedule, side, batch, rate, seed)


def _by_steps(steps: int) -> Iterator[float]:
    """Yield the fraction done once each step is over."""
    return (step / steps for step in range(1, steps + 1))


def _by_time(seconds: float) -> Iterator[float]:
    yield 0.0
    began = time.monotonic()
    while (done := (time.monotonic() - began) / seconds) < 1:
        yield done
    yield 1.0


def _descend(function, start, contents, schedule, side, batch, rate, seed) -> Iterator[FitProgress]:
    rng = np.random.default_rng(seed)
    vector, averaged = start.copy(), start.copy()
    first, second = np.zeros_like(vector), np.zeros_like(vector)
    for step, done in enumerate(schedule, 1):
        frames = np.stack([random_square(contents[rng.integers(len(contents))], side, rng) for _ in range(batch)])
        (total, content, style, strokes, structure), gradient = function(vector, frames.astype(np.float32))
        gradient = gradient / max(1.0, float(np.linalg.norm(gradient)))
        first += 0.1 * (gradient - first)
        second += 0.01 * (gradient**2 - second)
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        vector = vector - np.float32(rate * _rate(done)) * move
        # At first the mean covers only a few steps, so that the start counts no more than any other vector.
        share = max(1 - AVERAGED, 1 / step)
        averaged = averaged + np.float32(share) * (vector - averaged)
        yield FitProgress(step, done, total, content, style, strokes, structure, averaged.copy())


def _rate(done: float) -> float:
    """Return the fraction of the largest rate to use after the fraction `done` of the steps."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))))


def random_square(image: Image, side: int, rng: np.random.Generator) -> Image:
    """Cut a random square, half to all of the image's short side, mirror it at random and scale it to `side` pixels."""
    least = min(image.shape[:2])
    cut = max(min(least, side), round(least * rng.uniform(0.5, 1.0)))
    y, x = (int(rng.integers(0, length - cut + 1)) for length in image.shape[:2])
    square = image[y : y + cut, x : x + cut][:, :: rng.choice([-1, 1])]
    method = cv2.INTER_AREA if cut > side else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=method)


def _losses(render: Render, target: FitTarget) -> Callable:
    """Return a function: (vector, frames B x H x W x 3 in 0..255) -> total, content, style, strokes, structure loss."""
    from keras import ops

    from .losses import mean_gram, relative_gram_error
    from .strokes import equalize, luminance, stroke_distance, structure_loss

    vgg, weights = target.vgg, target.style_layers
    layers = {*weights, target.content_layer}
    share = {layer: weight / sum(weights.values()) for layer, weight in weights.items()}

    def without_tones(images):
        grey = ops.expand_dims(equalize(luminance(images)), -1)
        return ops.concatenate([grey, grey, grey], axis=-1)

    painting = ops.convert_to_tensor(_painting(target)[np.newaxis].astype(np.float32))
    target_grams = {name: STYLE_GAIN * mean_gram(_float(maps)) for name, maps in vgg(painting, weights).items()}
    stroke_grams = {name: mean_gram(_float(maps)) for name, maps in vgg(without_tones(painting), weights).items()}

    def losses(vector, frames):
        stylized = 255.0 * ops.clip(render(frames / 255.0, vector), 0.0, 1.0)
        features = {name: _float(maps) for name, maps in vgg(stylized, layers).items()}
        original = _float(vgg(frames, [target.content_layer])[target.content_layer])
        squared = ops.mean(ops.square(original - features[target.content_layer]), axis=(1, 2, 3))
        content = ops.mean(squared / (ops.var(original, axis=(1, 2, 3)) + 1e-6))
        toneless = vgg(without_tones(stylized), weights)
        style = strokes = 0.0
        for layer in weights:
            for maps in (features[layer], quarters(features[layer])):
                gram = mean_gram(maps)
                error = relative_gram_error(ops.broadcast_to(target_grams[layer], ops.shape(gram)), gram)
                style = style + share[layer] * 0.5 * ops.mean(SATURATION * ops.log1p(error / SATURATION))
            # Equal weights, because stroke retrieval weights all layers alike.
            distance = stroke_distance(stroke_grams[layer], mean_gram(_float(toneless[layer])))
            strokes = strokes + ops.mean(distance) / len(weights)
        structure = ops.mean(structure_loss(frames, stylized))
        total = target.alpha * content + target.beta * style + target.strokes * strokes + target.structure * structure
        return total, content, style, strokes, structure

    return losses


def _float(maps):
    from keras import ops

    return ops.cast(maps, "float32")


def quarters(maps):
    """Split the maps of each image into quarters, as images of their own: B x H x W x N -> 4B x H/2 x W/2 x N.

    A loss on the whole alone is met by strokes around edges; with a loss on the quarters, flat parts get strokes too.
    """
    from keras import ops

    batch, height, width, count = ops.shape(maps)
    parts = ops.reshape(maps, (batch, 2, height // 2, 2, width // 2, count))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (4 * batch, height // 2, width // 2, count))


def _painting(target: FitTarget) -> Image:
    """Return the painting scaled to `style_side`, with sides that are multiples of 4."""
    scale = target.style_side / max(target.painting.shape[:2])
    width, height = (max(32, round(scale * each / 4) * 4) for each in target.painting.shape[1::-1])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(target.painting, (width, height), interpolation=method)
