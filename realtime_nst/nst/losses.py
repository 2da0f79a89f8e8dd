"""The losses of neural style transfer, as Gatys, Ecker and Bethge define them
("A Neural Algorithm of Artistic Style", 2015, equations 1 to 7).

Written once in Keras 3 ops, so the same lines run on TensorFlow, JAX and PyTorch.
They make pictures (optimize), measure models (evaluate) and train our network (training).

Feature maps are float32 tensors B x H x W x N: N feature maps of M = H * W positions.
Every loss is a scalar for each picture, of shape (B,).
"""

from __future__ import annotations

from collections.abc import Mapping

from keras import ops


def content_loss(content, generated):
    """1/2 sum (C - G)^2 over all positions and maps of one layer (equation 1). Shape (B,)."""
    return 0.5 * ops.sum(ops.square(content - generated), axis=(1, 2, 3))


def gram_matrix(features):
    """Inner products between the N vectorized feature maps (equation 3): B x N x N, unnormalized."""
    batch, height, width, maps = ops.shape(features)
    flat = ops.reshape(features, (batch, height * width, maps))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)


def mean_gram(features):
    """The Gram matrix divided by M, so that pictures of different sizes compare: B x N x N."""
    _, height, width, _ = ops.shape(features)
    return gram_matrix(features) / ops.cast(height * width, features.dtype)


def style_loss_from_grams(style_gram, generated_gram):
    """1/(4 N^2) sum (A - G)^2 of two Gram matrices already divided by their M. Shape (B,).

    With M the same for both this is 1/(4 N^2 M^2) sum (Gram_S - Gram_T)^2 (equation 4).
    """
    maps = ops.shape(generated_gram)[-1]
    squared = ops.sum(ops.square(style_gram - generated_gram), axis=(1, 2))
    return squared / (4.0 * maps**2)


def style_loss(style, generated):
    """1/(4 N^2 M^2) sum (Gram_S - Gram_T)^2 for one layer (equation 4). Shape (B,).

    The two may differ in size; each Gram matrix is then divided by its own M.
    """
    return style_loss_from_grams(mean_gram(style), mean_gram(generated))


def weighted_style_loss(style_grams: Mapping, generated: Mapping, layer_weights: Mapping[str, float]):
    """sum_l w_l L_style_l (equation 5), of `mean_gram`s and feature maps by layer name. Shape (B,)."""
    return sum(
        weight * style_loss_from_grams(style_grams[layer], mean_gram(generated[layer]))
        for layer, weight in layer_weights.items()
    )


def relative_weights(style_grams: Mapping) -> dict:
    """w_l = 4 N_l^2 / (L ||A_l||^2) of L `mean_gram`s A by layer name, of one picture: scalars by layer name.

    The sum of equation 5 is then the mean over layers of ||A_l - G_l||^2 / ||A_l||^2, so that every layer counts alike.
    With w_l = 1/L the middle layers count some 10^4 times as much as the first, whose maps are weaker: colours drift.
    """
    return {
        layer: 4.0 * ops.shape(gram)[-1] ** 2 / (len(style_grams) * ops.sum(ops.square(gram)))
        for layer, gram in style_grams.items()
    }


def relative_gram_error(style_gram, generated_gram):
    """||A - G||^2 / ||A||^2 of Gram matrices B x N x N: what `relative_weights` makes of one layer. Shape (B,)."""
    squared = ops.sum(ops.square(style_gram - generated_gram), axis=(1, 2))
    return squared / ops.sum(ops.square(style_gram), axis=(1, 2))


def total_variation(images):
    """Mean squared difference between neighbouring pixels, B x H x W x C -> (B,)."""
    down = ops.mean(ops.square(images[:, 1:] - images[:, :-1]), axis=(1, 2, 3))
    right = ops.mean(ops.square(images[:, :, 1:] - images[:, :, :-1]), axis=(1, 2, 3))
    return down + right


def total_loss(
    content: Mapping,
    style_grams: Mapping,
    generated: Mapping,
    *,
    content_layer: str,
    layer_weights: Mapping[str, float],
    alpha: float,
    beta: float,
):
    """L_total = alpha * L_content + beta * sum_l w_l L_style_l (equations 5 and 7).

    `content` and `generated` map layer names to feature maps, `style_grams` to `mean_gram`s.
    Returns (total, content loss, style loss), each of shape (B,), the last two unweighted
    by alpha and beta.
    """
    l_content = content_loss(content[content_layer], generated[content_layer])
    l_style = weighted_style_loss(style_grams, generated, layer_weights)
    return alpha * l_content + beta * l_style, l_content, l_style
