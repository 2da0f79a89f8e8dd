"""Image-based optimization: neural style transfer as Gatys, Ecker and Bethge define it.

The pixels themselves are optimized: gradient descent on alpha * content loss + beta * style loss (see `losses`) until
the image has the photo's content and the painting's style. This is slow, and the reference for every fast network.

It works coarse to fine: most steps are taken on a small image, where they cost little and move large shapes. Each
larger size starts from the previous result, enlarged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import ModelError
from ..frames import Image
from ..media.resize import resize
from .gradients import ArrayFunction
from .vgg import Vgg

INITS = ("content", "noise", "style")
"""What the optimization can start from."""


class Progress(NamedTuple):
    """The state after one step. The losses are those of equations 1 and 5, without the weights alpha and beta."""

    step: int
    """Counts from 1."""
    steps: int
    size: tuple[int, int]
    """(height, width) of the image at this step."""
    total: float
    content: float
    style: float
    image: np.ndarray
    """float32 BGR, H x W x 3, 0..255."""


class Target(NamedTuple):
    """The goal of the optimization."""

    vgg: Vgg
    photo: Image | None
    """The content image. None: only the style counts (texture synthesis)."""
    painting: Image
    """The style image."""
    alpha: float = 1.0
    beta: float = 1e11
    content_layer: str = "block4_conv2"
    style_layers: Sequence[str] = ()
    """Weighted by `losses.relative_weights`. Empty: the first convolution of every block."""


def descend(
    target: Target, start: np.ndarray, sizes: Sequence[tuple[int, int]], steps: Sequence[int]
) -> Iterator[Progress]:
    """Take `steps[i]` steps at `sizes[i]`, starting from `start`; yield after each step.

    At one size the total loss never rises; from one size to the next it may. The style image is scaled with the
    content image. The content loss is a sum over positions: at smaller sizes, which have fewer of them, alpha is raised
    accordingly, so that the balance of content and style is the same at all sizes.

    Args:
        target: what to optimize for.
        start: BGR, H x W x 3, 0..255, of any size.
        sizes: (height, width) in pixels, one after the other. The last one is the reference for alpha and scale.
        steps: as many numbers as sizes.
    """
    from .lbfgs import minimize

    image, done = start.astype(np.float32), 0
    for size, count in zip(sizes, steps):
        image = resize(image, size)
        share = float(np.prod(sizes[-1]) / np.prod(size))
        function = _losses(target, size, scale=max(size) / max(sizes[-1]), alpha=target.alpha * share)
        # The range comes first: zip advances its arguments in order, and minimize must not compute a step too many.
        for number, (x, values) in zip(range(count), minimize(function, image[np.newaxis], low=0, high=255)):
            image = x[0]
            total, content, style = values
            yield Progress(done + number + 1, sum(steps), size, total, content * share, style, image)
        done += count


def optimize(
    target: Target, *, size: int = 512, steps: int = 200, init: str = "content", seed: int = 7
) -> Iterator[Progress]:
    """Optimize an image for `target`, coarse to fine; yield after each step.

    Half of the steps are taken at a quarter of `size`, a third at half of it. The same seed gives the same image.

    Args:
        target: what to optimize for.
        size: long side, in pixels, of the result, and of the style image that is used.
        steps: how many steps to take.
        init: what to start from, one of `INITS`.
        seed: seed of the noise.

    Raises:
        ModelError: if the feature network lacks one of the layers; raised before the first step.
    """
    unknown = {target.content_layer, *target.style_layers} - set(target.vgg.layers)
    if unknown:
        raise ModelError(f"no layer {', '.join(sorted(unknown))}; there are {', '.join(target.vgg.layers)}")
    model = target.painting if target.photo is None else target.photo
    sizes = [_fitted(model, size / part) for part in (4, 2, 1)]
    target = target._replace(painting=resize(target.painting, _fitted(target.painting, size)))
    counts = [steps // 2, steps // 3, steps - steps // 2 - steps // 3]
    if min(sizes[-1]) < 128:  # too small for shapes to survive at a quarter
        sizes, counts = sizes[-1:], [steps]
    start = {"content": target.photo, "style": target.painting}.get(init)
    if start is None:
        start = np.random.default_rng(seed).uniform(0, 255, (*sizes[0], 3))
    return descend(target, start, sizes, counts)


def _losses(target: Target, size: tuple[int, int], scale: float, alpha: float) -> ArrayFunction:
    """Return a function: float32 1 x H x W x 3 -> ([total, content, style], gradient of the total)."""
    from keras import ops

    from .gradients import with_gradient
    from .losses import mean_gram, relative_weights, total_loss, weighted_style_loss

    vgg, beta = target.vgg, target.beta
    style_layers = list(target.style_layers) or [block[0] for block in vgg.blocks()]
    painting = resize(target.painting, _fitted(target.painting, scale * max(target.painting.shape[:2])))
    grams = {layer: mean_gram(maps) for layer, maps in vgg(_batch(painting), style_layers).items()}
    weights = relative_weights(grams)

    def texture(images: Any) -> tuple[Any, Any, Any]:
        style = weighted_style_loss(grams, vgg(images, style_layers), weights)[0]
        return beta * style, ops.zeros_like(style), style

    if target.photo is None:
        return with_gradient(texture)
    layer = target.content_layer
    content = vgg(_batch(resize(target.photo, size)), [layer])

    def transfer(images: Any) -> tuple[Any, ...]:
        features = vgg(images, {*style_layers, layer})
        losses = total_loss(
            content, grams, features, content_layer=layer, layer_weights=weights, alpha=alpha, beta=beta
        )
        return tuple(loss[0] for loss in losses)

    return with_gradient(transfer)


def _fitted(image: np.ndarray, long_side: float) -> tuple[int, int]:
    """Return the (height, width) of `image` with its long side `long_side`, each large enough for VGG's poolings."""
    scale = long_side / max(image.shape[:2])
    height, width = (max(16, round(side * scale)) for side in image.shape[:2])
    return height, width


def _batch(image: np.ndarray) -> Any:
    from keras import ops

    return ops.convert_to_tensor(image[np.newaxis].astype(np.float32))
