"""A small network that finds people: an encoder and decoder of depthwise-separable convolutions, in Keras 3.

The encoder halves the frame four times and adds a summary of the whole frame to every position; the decoder returns to
half of the frame's size with skip connections (Ronneberger et al., "U-Net", 2015), and the last layer makes the four
pixels of each position at once. 0.13 million weights.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from realtime_nst.training.network import BilinearUpsample
from realtime_nst.training.segmentation.layers import PixelShuffle

SIZE = (144, 192)
"""Height and width at which frames are seen in training. Others work if both are multiples of 16."""

WEIGHTS = "segmenter.weights.h5"
"""The file of the network's weights in a run."""

WIDTHS = (16, 32, 64, 96)
"""Channels at a half, a quarter, an eighth and a sixteenth of the frame's size."""


def build_segmenter() -> keras.Model:
    """Frame B x H x W x 3 (BGR, 0..1, sides multiples of 16) -> logit of a person at each pixel, B x H x W x 1."""
    frame = keras.Input((None, None, 3), name="frame")
    half, quarter, eighth, sixteenth = WIDTHS
    x1 = _activate(layers.Conv2D(half, 3, strides=2, padding="same", use_bias=False)(frame))
    x2 = _residual(_separable(x1, quarter, strides=2))
    x3 = _residual(_residual(_separable(x2, eighth, strides=2)))
    x4 = _separable(x3, sixteenth, strides=2)
    for _ in range(4):
        x4 = _residual(x4)
    whole = layers.Dense(sixteenth, activation="relu")(ops.mean(x4, axis=(1, 2), keepdims=True))
    x = x4 + layers.Dense(sixteenth)(whole)
    for skip, width in ((x3, eighth), (x2, quarter), (x1, half)):
        x = BilinearUpsample()(layers.Conv2D(width, 1, use_bias=False)(x))
        x = _residual(x + layers.Conv2D(width, 1, use_bias=False)(skip))
    return keras.Model(frame, PixelShuffle(2)(layers.Conv2D(4, 3, padding="same")(x)), name="segmenter")


def _activate(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.97)(x))


def _separable(x, width: int, strides: int = 1):
    x = layers.DepthwiseConv2D(5 if strides > 1 else 3, strides=strides, padding="same", use_bias=False)(x)
    return _activate(layers.Conv2D(width, 1, use_bias=False)(x))


def _residual(x):
    return x + _separable(x, x.shape[-1])
