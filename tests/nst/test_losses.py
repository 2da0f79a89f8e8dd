"""The losses against plain NumPy loops, and their gradients against finite differences."""

import numpy as np
import pytest

from realtime_nst.nst import losses


@pytest.fixture(scope="module")
def maps():
    rng = np.random.default_rng(3)
    return rng.normal(size=(2, 3, 4, 5)).astype("float32"), rng.normal(size=(2, 3, 4, 5)).astype("float32")


def to_numpy(x):
    from keras import ops

    return ops.convert_to_numpy(x)


def gram_by_loops(features):
    height, width, count = features.shape
    gram = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            for y in range(height):
                for x in range(width):
                    gram[i, j] += float(features[y, x, i]) * float(features[y, x, j])
    return gram


def style_by_loops(style, generated):
    maps, positions = style.shape[2], style.shape[0] * style.shape[1]
    abs_difference = gram_by_loops(style) - gram_by_loops(generated)
    return sum(value**2 for value in abs_difference.ravel()) / (4 * maps**2 * positions**2)


def test_content_loss(maps):
    content, generated = maps
    expected = [0.5 * sum(float(d) ** 2 for d in (c - g).ravel()) for c, g in zip(content, generated)]
    assert to_numpy(losses.content_loss(content, generated)) == pytest.approx(expected, rel=1e-5)


def test_gram_matrix(maps):
    expected = np.stack([gram_by_loops(f) for f in maps[0]])
    assert to_numpy(losses.gram_matrix(maps[0])) == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_style_loss(maps):
    expected = [style_by_loops(s, g) for s, g in zip(*maps)]
    assert to_numpy(losses.style_loss(*maps)) == pytest.approx(expected, rel=1e-5)


def test_style_loss_of_another_size_is_of_gram_matrices_by_position(maps):
    style = np.concatenate([maps[0], maps[0]], axis=1)
    assert to_numpy(losses.style_loss(style, maps[0])) == pytest.approx([0, 0], abs=1e-6)


def test_total_loss(maps):
    content, generated = ({"a": m, "b": 2 * m} for m in maps)
    grams = {layer: losses.mean_gram(content[layer]) for layer in content}
    total, l_content, l_style = losses.total_loss(
        content, grams, generated, content_layer="b", layer_weights={"a": 0.25, "b": 0.75}, alpha=2.0, beta=3.0
    )
    expected_content = [0.5 * np.sum((2 * c - 2 * g).astype(float) ** 2) for c, g in zip(*maps)]
    expected_style = [0.25 * style_by_loops(s, g) + 0.75 * style_by_loops(2 * s, 2 * g) for s, g in zip(*maps)]
    assert to_numpy(l_content) == pytest.approx(expected_content, rel=1e-5)
    assert to_numpy(l_style) == pytest.approx(expected_style, rel=1e-5)
    assert to_numpy(total) == pytest.approx([2 * c + 3 * s for c, s in zip(expected_content, expected_style)], rel=1e-5)


def test_total_variation():
    image = np.zeros((1, 3, 3, 1), "float32")
    image[0, 1, 1, 0] = 1.0
    assert to_numpy(losses.total_variation(image)) == pytest.approx([4 / 6])


def test_gradients_agree_with_finite_differences(maps):
    """In float64, so that rounding does not hide the differences."""
    import tensorflow as tf

    style, generated = (m.astype("float64") for m in maps)
    for loss in (losses.content_loss, losses.style_loss):
        variable = tf.Variable(generated)
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(loss(tf.constant(style), variable))
        gradient = np.asarray(tape.gradient(value, variable))
        for index in [(0, 0, 0, 0), (0, 2, 1, 3), (1, 1, 3, 4)]:
            step = np.zeros_like(generated)
            step[index] = 1e-5
            up, down = (float(np.asarray(loss(style, generated + s)).sum()) for s in (step, -step))
            assert gradient[index] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-8)
