"""The losses of neural style transfer, as Gatys, Ecker and Bethge define them
("A Neural Algorithm of Artistic Style", 2015, equations 1 to 7).

They are written in Keras 3 ops, so that the same lines run on TensorFlow, JAX and PyTorch. They make images
(`optimize`), measure models (`evaluation`) and train our network (`training`).

Feature maps are float32 tensors B x H x W x N: N maps of M = H * W positions. Every loss is one scalar for each image
of the batch: a tensor of shape (B,).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from keras import ops

Tensor: TypeAlias = Any
"""A tensor or array of Keras's backend."""


def content_loss(content: Tensor, generated: Tensor) -> Tensor:
    """Return 1/2 sum (C - G)^2 over all positions and maps of one layer (equation 1): shape (B,)."""
    return 0.5 * ops.sum(ops.square(content - generated), axis=(1, 2, 3))


def gram_matrix(features: Tensor) -> Tensor:
    """Return the inner products between the N vectorized feature maps (equation 3): B x N x N, not normalized."""
    batch, height, width, maps = ops.shape(features)
    flat = ops.reshape(features, (batch, height * width, maps))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)


def mean_gram(features: Tensor) -> Tensor:
    """Return the Gram matrix divided by M, so that images of different sizes compare: B x N x N."""
    _, height, width, _ = ops.shape(features)
    return gram_matrix(features) / ops.cast(height * width, features.dtype)


def style_loss_from_grams(style_gram: Tensor, generated_gram: Tensor) -> Tensor:
    """Return 1/(4 N^2) sum (A - G)^2 of two results of `mean_gram`: shape (B,).

    If both have the same M this is 1/(4 N^2 M^2) sum (Gram_S - Gram_T)^2 (equation 4).
    """
    maps = ops.shape(generated_gram)[-1]
    squared = ops.sum(ops.square(style_gram - generated_gram), axis=(1, 2))
    return squared / (4.0 * maps**2)


def style_loss(style: Tensor, generated: Tensor) -> Tensor:
    """Return 1/(4 N^2 M^2) sum (Gram_S - Gram_T)^2 for one layer (equation 4): shape (B,).

    The two may differ in size; each Gram matrix is then divided by its own M.
    """
    return style_loss_from_grams(mean_gram(style), mean_gram(generated))


def weighted_style_loss(
    style_grams: Mapping[str, Tensor], generated: Mapping[str, Tensor], layer_weights: Mapping[str, Any]
) -> Tensor:
    """Return sum_l w_l L_style_l (equation 5): shape (B,).

    Args:
        style_grams: the style image's `mean_gram`, by layer name.
        generated: the feature maps of the generated image, by layer name.
        layer_weights: w_l, by layer name.
    """
    return sum(
        weight * style_loss_from_grams(style_grams[layer], mean_gram(generated[layer]))
        for layer, weight in layer_weights.items()
    )


def relative_weights(style_grams: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights w_l = 4 N_l^2 / (L ||A_l||^2), with which every layer counts alike.

    The sum of equation 5 is then the mean over layers of ||A_l - G_l||^2 / ||A_l||^2. With w_l = 1/L the middle layers
    count some 10^4 times as much as the first, whose maps are weaker, and colours drift.

    Args:
        style_grams: `mean_gram` A_l of one image for L layers, by layer name.
    """
    return {
        layer: 4.0 * ops.shape(gram)[-1] ** 2 / (len(style_grams) * ops.sum(ops.square(gram)))
        for layer, gram in style_grams.items()
    }


def relative_gram_error(style_gram: Tensor, generated_gram: Tensor) -> Tensor:
    """Return ||A - G||^2 / ||A||^2 of Gram matrices B x N x N: shape (B,).

    With `relative_weights`, the style loss is the mean of this over the layers.
    """
    squared = ops.sum(ops.square(style_gram - generated_gram), axis=(1, 2))
    return squared / ops.sum(ops.square(style_gram), axis=(1, 2))


def total_variation(images: Tensor) -> Tensor:
    """Return the mean squared difference between neighbouring pixels: B x H x W x C -> (B,)."""
    down = ops.mean(ops.square(images[:, 1:] - images[:, :-1]), axis=(1, 2, 3))
    right = ops.mean(ops.square(images[:, :, 1:] - images[:, :, :-1]), axis=(1, 2, 3))
    return down + right


def total_loss(
    content: Mapping[str, Tensor],
    style_grams: Mapping[str, Tensor],
    generated: Mapping[str, Tensor],
    *,
    content_layer: str,
    layer_weights: Mapping[str, Any],
    alpha: float,
    beta: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute L_total = alpha * L_content + beta * sum_l w_l L_style_l (equations 5 and 7).

    Args:
        content: feature maps of the content image, by layer name.
        style_grams: `mean_gram` of the style image, by layer name.
        generated: feature maps of the generated image, by layer name.
        content_layer: the layer that the content loss compares.
        layer_weights: w_l, by layer name.
        alpha: weight of the content loss.
        beta: weight of the style loss.

    Returns:
        (total, content loss, style loss), each of shape (B,); the last two without alpha and beta.
    """
    l_content = content_loss(content[content_layer], generated[content_layer])
    l_style = weighted_style_loss(style_grams, generated, layer_weights)
    return alpha * l_content + beta * l_style, l_content, l_style
