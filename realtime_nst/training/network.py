"""Our own any-style network, in Keras 3: a style network (picture -> code) and a transform (frame, code -> frame).

The transform works mostly at an eighth of the frame's size, where pixels are cheap and the receptive field is
wide, and comes back over skip connections, so that edges stay where they are. Nearly every convolution of it is
followed by conditional instance normalization (Dumoulin, Shlens and Kudlur, "A Learned Representation for
Artistic Style", 2017): scale and shift come from the code. Pictures are mirrored at their borders, because zeros
beyond them are an edge that the network would draw. The last stage works at half the frame's size and says, for
each colour, a gain on the frame and an offset; both are upsampled smoothly, so that no pixel can be told from its
neighbours by its place and no grid appears.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers, ops


@dataclass(frozen=True)
class Shape:
    """How wide and deep the network is. Saved beside its weights."""

    widths: tuple[int, int, int] = (16, 32, 96)
    """Channels at a half, a quarter and an eighth of the frame's size."""
    blocks: int = 5
    """Residual blocks of two depthwise-separable convolutions at an eighth."""
    style_widths: tuple[int, ...] = (24, 48, 96, 160)
    code: int = 100
    """As many numbers as the teacher's code."""
    hidden: int = 128


@keras.saving.register_keras_serializable("realtime_nst")
class InstanceNorm(layers.Layer):
    """(x - mean) / standard deviation over positions, for each picture and map."""

    def call(self, x):
        centred = x - ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centred), axis=(1, 2), keepdims=True)
        return centred / ops.sqrt(variance + 1e-5)


@keras.saving.register_keras_serializable("realtime_nst")
class Moments(layers.Layer):
    """Mean and standard deviation of each map over positions, side by side: B x H x W x N -> B x 2N."""

    def call(self, x):
        mean = ops.mean(x, axis=(1, 2))
        centred = x - ops.expand_dims(mean, (1, 2))
        return ops.concatenate([mean, ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2)) + 1e-4)], axis=-1)


@keras.saving.register_keras_serializable("realtime_nst")
class Mirror(layers.Layer):
    """One more pixel on every side, mirrored: B x H x W x N -> B x (H + 2) x (W + 2) x N."""

    def call(self, x):
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side + 2 for side in shape[1:3]), shape[3])


@keras.saving.register_keras_serializable("realtime_nst")
class Upsample(layers.Layer):
    """Twice the size, bilinear."""

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        if keras.backend.backend() == "tensorflow":
            # ops.image.resize refuses a size that is known only when the exported graph runs.
            import tensorflow as tf

            return tf.image.resize(x, (2 * height, 2 * width))
        return ops.image.resize(x, (2 * height, 2 * width))

    def compute_output_shape(self, shape):
        return (*_doubled(shape), shape[3])


def _doubled(shape):
    return shape[0], *(side and 2 * side for side in shape[1:3])


def build_style_network(shape: Shape) -> keras.Model:
    """Picture B x H x W x 3 (BGR, 0..1, any size) -> code B x shape.code."""
    picture = keras.Input((None, None, 3), name="style")
    x = picture
    statistics = [Moments()(x)]
    for width in shape.style_widths:
        x = layers.Conv2D(width, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.1)(x)
        x = layers.Conv2D(width, 1)(x)
        x = layers.LeakyReLU(0.1)(x)
        statistics.append(Moments()(x))
    x = layers.Concatenate()(statistics)
    x = layers.LayerNormalization(name="statistics")(x)
    x = layers.Dense(2 * shape.code, activation="leaky_relu")(x)
    return keras.Model(picture, layers.Dense(shape.code, name="code")(x), name="style_network")


def build_transform(shape: Shape) -> keras.Model:
    """Frame B x H x W x 3 (BGR, 0..1, sides multiples of 8) and code -> stylized frame of the same kind."""
    frame = keras.Input((None, None, 3), name="frame")
    code = keras.Input((shape.code,), name="code")
    hidden = layers.Dense(shape.hidden, activation="leaky_relu", name="hidden")(code)

    def conditioned(x, maps: int, activate: bool = True):
        scale = layers.Dense(maps, bias_initializer="ones", kernel_initializer=small)(hidden)
        shift = layers.Dense(maps, kernel_initializer=small)(hidden)
        x = InstanceNorm()(x) * layers.Reshape((1, 1, maps))(scale) + layers.Reshape((1, 1, maps))(shift)
        return layers.ReLU()(x) if activate else x

    def convolution(x, width: int, **options):
        return layers.Conv2D(width, 3, **options)(Mirror()(x))

    def depthwise(x):
        return layers.DepthwiseConv2D(3, use_bias=False)(Mirror()(x))

    def separable(x, width: int):
        return layers.Conv2D(width, 1, use_bias=False)(depthwise(x))

    small = keras.initializers.RandomNormal(stddev=0.02)
    half, quarter, eighth = shape.widths
    e1 = convolution(frame, half, strides=2, activation="relu")
    e2 = conditioned(convolution(e1, quarter, strides=2, use_bias=False), quarter)
    x = conditioned(convolution(e2, eighth, strides=2, use_bias=False), eighth)
    for _ in range(shape.blocks):
        y = conditioned(separable(x, eighth), eighth)
        y = conditioned(separable(y, eighth), eighth, activate=False)
        x = x + y
    x = Upsample()(layers.Conv2D(quarter, 1)(x))
    x = x + layers.Conv2D(quarter, 1, use_bias=False)(e2)
    x = conditioned(convolution(x, quarter, use_bias=False), quarter)
    x = Upsample()(layers.Conv2D(half, 1)(x))
    x = x + layers.Conv2D(half, 1, use_bias=False)(e1)
    x = conditioned(separable(x, half), half)
    x = Upsample()(layers.Conv2D(6, 1)(depthwise(x)))
    return keras.Model([frame, code], ops.sigmoid(x[..., :3] + x[..., 3:] * frame), name="transform")
