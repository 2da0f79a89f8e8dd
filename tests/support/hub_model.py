"""A real SavedModel with the interface and the structure of Magenta's hub module, narrow and with random weights.

Its pictures are no art, but everything around them is as with the hub's own: signature and names, any content size,
output sides rounded up to a multiple of four, a bottleneck of 100 channels that separates the graph, several such
tensors in a row, and weights in variables that must be frozen.

Importing this module imports TensorFlow.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

CODE = 100
"""Channels of the bottleneck."""

WIDTHS = (8, 12, 16)
"""Channels after each of the three first convolutions of the transform; the hub's has 32, 64 and 128."""

RESIDUAL_BLOCKS = 5

FEATURES = 128
"""Channels of the style features: more than the bottleneck has, as in the hub's."""


def save_hub_model(folder: Path) -> Path:
    """Write the SavedModel into `folder`, with the same weights every time."""
    module = StyleModule(np.random.default_rng(17))
    content, style = (tf.TensorSpec([None, None, None, 3], name=name) for name in ("placeholder", "placeholder_1"))
    serving = module.__call__.get_concrete_function(content, style)  # pyright: ignore[reportAttributeAccessIssue]
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serving})
    return folder


class StyleModule(tf.Module):
    """Content and style, float32 RGB N x H x W x 3 in [0, 1] -> {"output_0": picture}."""

    def __init__(self, rng: np.random.Generator):
        super().__init__()
        sides = zip((3, 12, 16, 24), (12, 16, 24, FEATURES))
        self._looks = [_Convolution(rng, 3, *channels, stride=2) for channels in sides]
        self._calibrate(rng)
        first, second, third = WIDTHS
        self._shrink = [
            _Restyled(rng, 9, 3, first),
            _Restyled(rng, 3, first, second, 2),
            _Restyled(rng, 3, second, third, 2),
        ]
        self._blocks = [[_Restyled(rng, 3, third, third) for _ in range(2)] for _ in range(RESIDUAL_BLOCKS)]
        self._enlarge = [_Restyled(rng, 3, third, second), _Restyled(rng, 3, second, first)]
        self._paint = _Restyled(rng, 9, first, 3)

    def _calibrate(self, rng: np.random.Generator) -> None:
        """Choose the last layer of the style network so that codes of different pictures differ: each feature is
        standardized over noise of many colours, then all are mixed."""
        noise = [
            cv2.resize(rng.random((side, side, 3), np.float32) ** rng.uniform(0.4, 2.5), (64, 64))
            for side in (2, 3, 4, 8, 16, 32) * 6
        ]
        mean, variance = (value.numpy().ravel() for value in tf.nn.moments(self._look(tf.constant(noise)), 0))
        mix = rng.normal(0, FEATURES**-0.5, (FEATURES, CODE)) / np.sqrt(variance + variance.mean() / 10)[:, np.newaxis]
        self._mix = tf.Variable(np.float32(mix[np.newaxis, np.newaxis]))
        self._level = tf.Variable(np.float32(-mean @ mix))

    def _look(self, style):
        """The mean over positions of what the style network sees, N x 1 x 1 x FEATURES."""
        x = style * 2 - 1
        for convolve in self._looks:
            x = tf.nn.relu(convolve(x))
        return tf.reduce_mean(x, (1, 2), keepdims=True)

    def _encode(self, style):
        return tf.nn.bias_add(tf.nn.conv2d(self._look(style), self._mix, 1, "VALID"), self._level)

    def _transform(self, content, code):
        x = content
        for layer in self._shrink:
            x = tf.nn.relu(layer(x, code))
        for first, second in self._blocks:
            x = x + 0.3 * second(tf.nn.relu(first(x, code)), code)
        for layer in self._enlarge:
            x = tf.nn.relu(layer(tf.image.resize(x, 2 * tf.shape(x)[1:3], "nearest"), code))
        return tf.sigmoid(self._paint(x, code))

    @tf.function
    def __call__(self, placeholder, placeholder_1):
        return {"output_0": self._transform(placeholder, self._encode(placeholder_1))}


class _Convolution(tf.Module):
    """A convolution with reflection padding."""

    def __init__(self, rng: np.random.Generator, side: int, before: int, after: int, stride: int = 1):
        super().__init__()
        # Smooth, and nearly alike to the left and the right, as trained kernels are: the pictures stay recognizable.
        window = np.hanning(side + 2)[1:-1]
        window = np.outer(window, window)[..., np.newaxis, np.newaxis]
        kernel = window * (rng.normal(0, 1, (before, after)) + rng.normal(0, 0.3, (side, side, before, after)))
        kernel = kernel + 0.95 * kernel[:, ::-1]
        kernel *= (2 * after / np.sum(kernel**2)) ** 0.5
        self._kernel, self._stride, self._edge = tf.Variable(np.float32(kernel)), stride, side // 2

    def __call__(self, x):
        edges = [self._edge, self._edge]
        return tf.nn.conv2d(tf.pad(x, [[0, 0], edges, edges, [0, 0]], "REFLECT"), self._kernel, self._stride, "VALID")


class _Restyled(tf.Module):
    """A convolution with conditional instance normalization (Dumoulin, Shlens and Kudlur, 2017)."""

    def __init__(self, rng: np.random.Generator, side: int, before: int, after: int, stride: int = 1):
        super().__init__()
        self._convolve = _Convolution(rng, side, before, after, stride)
        self._scale, self._shift = (
            tf.Variable(np.float32(rng.normal(0, spread * CODE**-0.5, (1, 1, CODE, after)))) for spread in (0.3, 0.7)
        )

    def __call__(self, x, code):
        x = self._convolve(x)
        mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
        scale, shift = (tf.nn.conv2d(code, weights, 1, "VALID") for weights in (self._scale, self._shift))
        return (x - mean) * tf.math.rsqrt(variance + 1e-3) * (1 + scale) + shift
