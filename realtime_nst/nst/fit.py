"""A style vector by optimization: the losses of neural style transfer minimized over what a network is modulated with.

Where `optimize` descends over the pixels of one picture, this descends over the style vector of a real-time network,
over many content pictures: what it finds makes every frame at the network's speed. A predicted vector is where it
starts; a hundred steps teach it strokes that the predictor has no words for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from ..errors import InputError, ModelError
from ..frames import Image, StyleCode
from .vgg import Vgg

Render: TypeAlias = Callable[[Any, Any], Any]
"""(frames float32 B x H x W x 3 BGR in 0..1, style vector (N,)) -> stylized frames of the same kind: tensors of the
backend that Keras runs on, differentiable with respect to the vector."""

STYLE_LAYERS = {"block1_conv2": 0.4, "block2_conv2": 0.8, "block3_conv3": 1.3, "block4_conv3": 1.5}
"""Weights of layers; deeper ones weigh more, which makes strokes larger and more legible."""

SATURATION = 3.0
"""The relative error of Gram matrices from which on it counts by half and less."""

STYLE_GAIN = 1.25
"""By how much larger Gram matrices are asked for than the painting's: those of a small square vary around those of a
whole picture, and what makes their squared error least has too little of the style."""

WARM_UP = 0.1
"""Share of the steps in which the rate rises; then it falls along a cosine."""

AVERAGED = 0.9
"""Momentum of the mean over steps that is the fitted vector: each step sees another content picture."""


class FitProgress(NamedTuple):
    """Where a fit is. Losses are unweighted."""

    step: int
    """From 1."""
    steps: int
    total: float
    content: float
    style: float
    strokes: float
    structure: float
    vector: StyleCode
    """The vector as fitted so far: float32 (N,)."""


@dataclass(frozen=True)
class FitTarget:
    """What a style vector is fitted to."""

    vgg: Vgg
    painting: Image
    """Whose style: uint8 BGR."""
    contents: Sequence[Image]
    """What is stylized meanwhile: uint8 BGR, at least one."""
    alpha: float = 1.0
    """Weight of the content loss."""
    beta: float = 12.0
    """Weight of the style loss, in colour."""
    strokes: float = 8.0
    """Weight of the style loss with colours and tones taken away."""
    structure: float = 4.0
    """Weight of the loss that keeps light and dark where they are."""
    content_layer: str = "block3_conv3"
    style_layers: Mapping[str, float] = field(default_factory=lambda: dict(STYLE_LAYERS))
    style_side: int = 512
    """Long side in pixels at which the painting is looked at: larger makes bolder strokes."""


def fit(
    render: Render,
    start: StyleCode,
    target: FitTarget,
    *,
    steps: int = 120,
    side: int = 256,
    batch: int = 1,
    rate: float = 2e-2,
    seed: int = 7,
) -> Iterator[FitProgress]:
    """Minimize alpha * content loss + beta * style loss over a style vector, yielding after each step.

    Whoever iterates may stop whenever they like; the vector of the last step is what was found until then. Descent is
    Adam's (Kingma and Ba, 2015), the rate warmed up and lowered along a cosine of all `steps`.

    Args:
        render: Makes stylized frames of frames and a vector.
        start: The vector to start from, as predicted: float32 (N,).
        target: What to fit to, and the weights of the losses.
        steps: How many steps the schedule has.
        side: Side in pixels of the squares of content pictures that are stylized: a multiple of 32.
        batch: Squares a step.
        rate: Adam's largest step for each number of the vector.
        seed: The same seed sees the same squares in the same order.

    Raises:
        InputError: If there is no content picture.
        ModelError: If the features lack a layer, or Keras runs on a backend that knows no gradients.
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
    return _descend(function, np.asarray(start, np.float32), target.contents, steps, side, batch, rate, seed)


def _descend(function, start, contents, steps, side, batch, rate, seed) -> Iterator[FitProgress]:
    rng = np.random.default_rng(seed)
    vector, averaged = start.copy(), start.copy()
    first, second = np.zeros_like(vector), np.zeros_like(vector)
    for step in range(1, steps + 1):
        frames = np.stack([random_square(contents[rng.integers(len(contents))], side, rng) for _ in range(batch)])
        (total, content, style, strokes, structure), gradient = function(vector, frames.astype(np.float32))
        gradient = gradient / max(1.0, float(np.linalg.norm(gradient)))
        first += 0.1 * (gradient - first)
        second += 0.01 * (gradient**2 - second)
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        vector = vector - np.float32(rate * _schedule(step / steps)) * move
        # A mean of few steps to begin with: the start counts no more than any other.
        share = max(1 - AVERAGED, 1 / step)
        averaged = averaged + np.float32(share) * (vector - averaged)
        yield FitProgress(step, steps, total, content, style, strokes, structure, averaged.copy())


def _schedule(done: float) -> float:
    """The share of the largest rate after this share of the steps."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.02 + 0.98 * 0.5 * (1 + float(np.cos(np.pi * (done - WARM_UP) / (1 - WARM_UP))))


def random_square(image: Image, side: int, rng: np.random.Generator) -> Image:
    """A random square of `side` pixels of the picture, mirrored at random; mostly most of its short side."""
    least = min(image.shape[:2])
    cut = max(min(least, side), round(least * rng.uniform(0.5, 1.0)))
    y, x = (int(rng.integers(0, length - cut + 1)) for length in image.shape[:2])
    square = image[y : y + cut, x : x + cut][:, :: rng.choice([-1, 1])]
    method = cv2.INTER_AREA if cut > side else cv2.INTER_CUBIC
    return cv2.resize(square, (side, side), interpolation=method)


def _losses(render: Render, target: FitTarget) -> Callable:
    """(vector, frames B x H x W x 3 in 0..255) -> total, content, style, strokes and structure loss."""
    from keras import ops

    from .losses import mean_gram, relative_gram_error
    from .strokes import equalize, luminance, stroke_distance, structure_loss

    vgg, weights = target.vgg, target.style_layers
    wanted = {*weights, target.content_layer}
    share = {layer: weight / sum(weights.values()) for layer, weight in weights.items()}

    def without_tones(images):
        grey = ops.expand_dims(equalize(luminance(images)), -1)
        return ops.concatenate([grey, grey, grey], axis=-1)

    painting = ops.convert_to_tensor(_painting(target)[np.newaxis].astype(np.float32))
    asked = {name: STYLE_GAIN * mean_gram(_float(maps)) for name, maps in vgg(painting, weights).items()}
    asked_strokes = {name: mean_gram(_float(maps)) for name, maps in vgg(without_tones(painting), weights).items()}

    def losses(vector, frames):
        made = 255.0 * ops.clip(render(frames / 255.0, vector), 0.0, 1.0)
        found = {name: _float(maps) for name, maps in vgg(made, wanted).items()}
        original = _float(vgg(frames, [target.content_layer])[target.content_layer])
        apart = ops.mean(ops.square(original - found[target.content_layer]), axis=(1, 2, 3))
        content = ops.mean(apart / (ops.var(original, axis=(1, 2, 3)) + 1e-6))
        bare = vgg(without_tones(made), weights)
        style = strokes = 0.0
        for layer in weights:
            for maps in (found[layer], quarters(found[layer])):
                gram = mean_gram(maps)
                error = relative_gram_error(ops.broadcast_to(asked[layer], ops.shape(gram)), gram)
                style = style + share[layer] * 0.5 * ops.mean(SATURATION * ops.log1p(error / SATURATION))
            # Alike weights: retrieval by strokes has no favourite layer.
            distance = stroke_distance(asked_strokes[layer], mean_gram(_float(bare[layer])))
            strokes = strokes + ops.mean(distance) / len(weights)
        structure = ops.mean(structure_loss(frames, made))
        total = target.alpha * content + target.beta * style + target.strokes * strokes + target.structure * structure
        return total, content, style, strokes, structure

    return losses


def _float(maps):
    from keras import ops

    return ops.cast(maps, "float32")


def quarters(maps):
    """The quarters of each picture's maps, as pictures of their own: B x H x W x N -> 4B x H/2 x W/2 x N.

    What is asked of the whole alone is done around edges; asked of quarters, flat parts get strokes too.
    """
    from keras import ops

    batch, height, width, count = ops.shape(maps)
    parts = ops.reshape(maps, (batch, 2, height // 2, 2, width // 2, count))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (4 * batch, height // 2, width // 2, count))


def _painting(target: FitTarget) -> Image:
    """The painting at the size it is looked at, sides multiples of 4."""
    scale = target.style_side / max(target.painting.shape[:2])
    width, height = (max(32, round(scale * each / 4) * 4) for each in target.painting.shape[1::-1])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(target.painting, (width, height), interpolation=method)
