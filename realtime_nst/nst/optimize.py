"""A picture by optimization: neural style transfer as Gatys, Ecker and Bethge define it.

The pixels themselves are what is learned: gradient descent on alpha * content loss + beta * style loss (see `losses`)
until the picture has the photo's content and the painting's style. Slow, and what every fast network is measured by.

Coarse to fine: most steps are made on a small picture, where they cost little and move large shapes; each larger
size starts from the one before, enlarged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import ModelError
from ..frames import Image
from ..media.resize import resize
from .vgg import Vgg


class Progress(NamedTuple):
    """Where a descent is. The losses are those of equations 1 and 5, unweighted by alpha and beta."""

    step: int
    """From 1."""
    steps: int
    size: tuple[int, int]
    """(height, width) of the picture at this step."""
    total: float
    content: float
    style: float
    image: np.ndarray
    """float32 BGR H x W x 3, 0..255."""


class Target(NamedTuple):
    """What a picture is to become."""

    vgg: Vgg
    photo: Image | None
    """Whose content; None: any (texture synthesis)."""
    painting: Image
    """Whose style."""
    alpha: float = 1.0
    beta: float = 1e11
    content_layer: str = "block4_conv2"
    style_layers: Sequence[str] = ()
    """Weighted by `losses.relative_weights`; none: the first convolution of every block."""


def descend(target: Target, start: Image, sizes: Sequence[tuple[int, int]], steps: Sequence[int]) -> Iterator[Progress]:
    """Descend from `start`, `steps[i]` steps at `sizes[i]` (height, width), yielding after each step.

    At one size the total loss never rises; from one size to the next it may. The painting is scaled with the photo.
    Content loss is a sum over positions: at a smaller size alpha is raised by what it has fewer of them, so that
    the balance of content and style is one for all sizes.
    """
    from .lbfgs import minimize

    image, done = start.astype(np.float32), 0
    for size, count in zip(sizes, steps):
        image = resize(image, size)
        share = float(np.prod(sizes[-1]) / np.prod(size))
        function = _losses(target, size, scale=max(size) / max(sizes[-1]), alpha=target.alpha * share)
        # The range comes first: zip takes from both in turn, and a step too many is work for nothing.
        for number, (x, values) in zip(range(count), minimize(function, image[np.newaxis], low=0, high=255)):
            image = x[0]
            total, content, style = values
            yield Progress(done + number + 1, sum(steps), size, total, content * share, style, image)
        done += count


INITS = ("content", "noise", "style")


def optimize(
    target: Target, *, size: int = 512, steps: int = 200, init: str = "content", seed: int = 7
) -> Iterator[Progress]:
    """Make `target` from its photo, its painting or noise (`init`), yielding after each of `steps` steps.

    size: long side in pixels of the result, and what the painting is scaled to. Half of the steps are made at a quarter
    of it, a third at a half.
    The same seed makes the same picture. Raises ModelError for a layer that the features do not have, at once.
    """
    unknown = {target.content_layer, *target.style_layers} - set(target.vgg.layers)
    if unknown:
        raise ModelError(f"no layer {', '.join(sorted(unknown))}; there are {', '.join(target.vgg.layers)}")
    sizes = [_fitted(target.photo, size / part) for part in (4, 2, 1)]
    target = target._replace(painting=resize(target.painting, _fitted(target.painting, size)))
    counts = [steps // 2, steps // 3, steps - steps // 2 - steps // 3]
    if min(sizes[-1]) < 128:  # a quarter of it would have no shapes left
        sizes, counts = sizes[-1:], [steps]
    start = {"content": target.photo, "style": target.painting}.get(init)
    if start is None:
        start = np.random.default_rng(seed).uniform(0, 255, (*sizes[0], 3))
    return descend(target, start.astype(np.float32), sizes, counts)


def _losses(target: Target, size: tuple[int, int], scale: float, alpha: float):
    """A function from pictures float32 1 x H x W x 3 to ([total, content, style], gradient of the total)."""
    from keras import ops

    from .gradients import with_gradient
    from .losses import mean_gram, relative_weights, total_loss, weighted_style_loss

    vgg, beta = target.vgg, target.beta
    style_layers = list(target.style_layers) or [block[0] for block in vgg.blocks()]
    painting = resize(target.painting, _fitted(target.painting, scale * max(target.painting.shape[:2])))
    grams = {layer: mean_gram(maps) for layer, maps in vgg(_batch(painting), style_layers).items()}
    weights = relative_weights(grams)

    def texture(images):
        style = weighted_style_loss(grams, vgg(images, style_layers), weights)[0]
        return beta * style, ops.zeros_like(style), style

    if target.photo is None:
        return with_gradient(texture)
    layer = target.content_layer
    content = vgg(_batch(resize(target.photo, size)), [layer])

    def transfer(images):
        found = vgg(images, {*style_layers, layer})
        losses = total_loss(content, grams, found, content_layer=layer, layer_weights=weights, alpha=alpha, beta=beta)
        return tuple(loss[0] for loss in losses)

    return with_gradient(transfer)


def _fitted(image: np.ndarray, long_side: float) -> tuple[int, int]:
    """(height, width) of the picture with its long side `long_side`, no side so small that VGG sees nothing."""
    scale = long_side / max(image.shape[:2])
    height, width = (max(16, round(side * scale)) for side in image.shape[:2])
    return height, width


def _batch(image: np.ndarray):
    from keras import ops

    return ops.convert_to_tensor(image[np.newaxis].astype(np.float32))
