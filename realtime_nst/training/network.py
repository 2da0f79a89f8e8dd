"""Our own any-style network, in Keras 3: a style network (picture -> code) and a transform (frame, code -> frame).

The transform sees the frame at half its size. It works at an eighth of the frame's size, where pixels are cheap and the
receptive field is wide, and then at a quarter, where strokes are made; a skip connection leads back. It makes a base
colour and a gain for each pixel at a quarter, enlarged smoothly, and the strokes' detail, sixteen pixels of the frame
for each pixel at a quarter:

    stylized = base + detail + gain * (frame - low),  low: the frame as small as base and gain

(a local affine model of the frame, as in Gharbi et al., "Deep Bilateral Learning for Real-Time Image Enhancement",
2017). So edges of the frame stay as sharp as they are, and frames larger than what the network saw cost it nothing.
The detail comes from differences between neighbouring features alone, so each of its sixteen pixels is 0 in the mean:
there is no grid on flat fields or in noise. The maps at an eighth are blurred before they are enlarged: they draw no
lattice either.

Nearly every convolution is followed by conditional instance normalization (Dumoulin, Shlens and Kudlur, "A Learned
Representation for Artistic Style", 2017): scale and shift come from the code. Pictures are mirrored at their borders,
because zeros beyond them are an edge that the network would draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops


@dataclass(frozen=True)
class Shape:
    """Width and depth of the network. Saved beside its weights."""

    widths: tuple[int, int] = (48, 96)
    """Channels at a quarter and an eighth of the frame's size."""
    blocks: tuple[int, int] = (4, 3)
    """Residual blocks of two depthwise-separable convolutions at an eighth, and then at a quarter."""
    slopes: int = 2
    """Kernels of each map at a quarter that detail is made of: an edge has a slope across and one down."""
    style_widths: tuple[int, ...] = (24, 48, 96, 160, 224)
    code: int = 100
    """Length of the style code, equal to the teacher's."""
    hidden: int = 192


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
class ReflectionPad(layers.Layer):
    """Reflection padding by one pixel on every side: B x H x W x N -> B x (H + 2) x (W + 2) x N."""

    def call(self, x):
        return ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side + 2 for side in shape[1:3]), shape[3])


@keras.saving.register_keras_serializable("realtime_nst")
class BinomialBlur(layers.Layer):
    """A binomial 3 x 3 blur: B x H x W x N -> B x (H - 2) x (W - 2) x N.

    It removes patterns that alternate from pixel to pixel, which would become a lattice once a small map is enlarged.
    """

    def call(self, x):
        line = np.array([1, 2, 1], np.float32) / 4
        kernel = np.broadcast_to(np.outer(line, line)[..., None, None], (3, 3, x.shape[-1], 1))
        return ops.depthwise_conv(x, ops.cast(np.ascontiguousarray(kernel), x.dtype))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side - 2 for side in shape[1:3]), shape[3])


@keras.saving.register_keras_serializable("realtime_nst")
class BilinearUpsample(layers.Layer):
    """Bilinear enlargement to twice the size."""

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        if keras.backend.backend() == "tensorflow":
            # ops.image.resize refuses a size that is known only at the exported graph's run time.
            import tensorflow as tf

            return tf.image.resize(x, (2 * height, 2 * width))
        return ops.image.resize(x, (2 * height, 2 * width))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and 2 * side for side in shape[1:3]), shape[3])


@keras.saving.register_keras_serializable("realtime_nst")
class Phases(layers.Layer):
    """Four times the size, bilinear, as `DepthToSpace` wants it: B x H x W x N -> B x (H - 2) x (W - 2) x 16 N.

    A convolution: 0.5 ms where OpenVINO takes 4 ms to enlarge to 640x480 on two CPU cores.
    """

    def call(self, x):
        # One pixel becomes four, whose centres are 3/8 and 1/8 of a pixel to both sides of its own.
        line = np.array([[3, 5, 0], [1, 7, 0], [0, 7, 1], [0, 5, 3]], np.float32) / 8
        kernel = np.einsum("ya,xb,mn->abmyxn", line, line, np.eye(x.shape[-1], dtype=np.float32))
        return ops.conv(x, ops.cast(kernel.reshape(3, 3, x.shape[-1], -1), x.dtype))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side - 2 for side in shape[1:3]), 16 * shape[3])


@keras.saving.register_keras_serializable("realtime_nst")
class DepthToSpace(layers.Layer):
    """Sixteen numbers of a pixel as 4 x 4 pixels: B x H x W x 16 N -> B x 4H x 4W x N. The Keras of Python 3.10 has no
    such operation."""

    def call(self, x):
        if keras.backend.backend() == "tensorflow":
            # One operation in the exported graph, which OpenVINO knows.
            import tensorflow as tf

            return tf.nn.depth_to_space(x, 4)
        batch, height, width, depth = ops.shape(x)
        x = ops.reshape(x, (batch, height, width, 4, 4, depth // 16))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (batch, 4 * height, 4 * width, depth // 16))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and 4 * side for side in shape[1:3]), shape[3] // 16)


@keras.saving.register_keras_serializable("realtime_nst")
class Differences(layers.Layer):
    """A depthwise 3 x 3 convolution with kernels that sum to 0, so that flat maps give 0."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, shape[-1], 1), initializer="glorot_uniform", name="kernel")

    def call(self, x):
        return ops.depthwise_conv(x, self.kernel - ops.mean(self.kernel, axis=(0, 1), keepdims=True))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side - 2 for side in shape[1:3]), shape[3])


def build_style_network(shape: Shape) -> keras.Model:
    """Picture B x H x W x 3 (BGR, 0..1, any size) -> code B x shape.code."""
    picture = keras.Input((None, None, 3), name="style")
    x = picture
    statistics = [Moments()(x)]
    for width in shape.style_widths:
        x = layers.Conv2D(width, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.1)(x)
        x = layers.DepthwiseConv2D(3, padding="same")(x)
        x = layers.Conv2D(width, 1)(x)
        x = layers.LeakyReLU(0.1)(x)
        statistics.append(Moments()(x))
    x = layers.Concatenate()(statistics)
    x = layers.LayerNormalization(name="statistics")(x)
    x = layers.Dense(2 * shape.code, activation="leaky_relu")(x)
    return keras.Model(picture, layers.Dense(shape.code, name="code")(x), name="style_network")


def build_maps(shape: Shape) -> keras.Model:
    """Half-sized frame B x H x W x 3 (BGR, 0..1, sides multiples of 4, 8 or more) and code -> what the stylized frame
    is made of: offset B x 2H x 2W x 3 and gain B x H/2 x W/2 x 3."""
    low = keras.Input((None, None, 3), name="low")
    code = keras.Input((shape.code,), name="code")
    quarter, eighth = shape.widths
    coarse, fine = shape.blocks
    maps = (quarter, *[eighth] * (1 + 2 * coarse), *[quarter] * 2 * fine)
    # Scales and shifts of all normalizations, and what the detail is scaled by, come from one matrix: many small ones
    # cost more.
    hidden = layers.Dense(shape.hidden, activation="leaky_relu", name="hidden")(code)
    numbers = 2 * sum(maps) + quarter
    modulation = layers.Dense(numbers, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))(hidden)
    places = iter([(2 * sum(maps[:i]), width) for i, width in enumerate(maps)])

    def conditioned(x, activate: bool = True):
        place, width = next(places)
        scale = layers.Reshape((1, 1, width))(modulation[:, place : place + width])
        shift = layers.Reshape((1, 1, width))(modulation[:, place + width : place + 2 * width])
        x = InstanceNorm()(x) * (1.0 + scale) + shift
        return layers.ReLU()(x) if activate else x

    def separable(x, width: int, strides: int = 1):
        each = layers.DepthwiseConv2D(3, strides=strides, use_bias=False)(ReflectionPad()(x))
        return layers.Conv2D(width, 1, use_bias=False)(each)

    def residual(x):
        width = x.shape[-1]
        y = conditioned(separable(x, width))
        return x + conditioned(separable(y, width), activate=False)

    e1 = conditioned(layers.Conv2D(quarter, 4, strides=2, use_bias=False)(ReflectionPad()(low)))
    x = conditioned(separable(e1, eighth, strides=2))
    for _ in range(coarse):
        x = residual(x)
    enlarged = BilinearUpsample()(BinomialBlur()(ReflectionPad()(layers.Conv2D(quarter, 1)(x))))
    x = enlarged + layers.Conv2D(quarter, 1, use_bias=False)(e1)
    for _ in range(fine):
        x = residual(x)
    base = layers.Conv2D(3, 1, activation="sigmoid", name="base")(x)
    gain = layers.Conv2D(3, 1, name="gain", bias_initializer=keras.initializers.Constant(0.5))(x)
    smooth = Phases()(ReflectionPad()(base - gain * ops.average_pool(low, 2, 2, "valid")))
    drawn = ReflectionPad()(x * (1.0 + layers.Reshape((1, 1, quarter))(modulation[:, -quarter:])))
    # The sum of several: OpenVINO takes 0.2 ms for the second, 1 ms for one depthwise convolution with twice the maps.
    detail = sum(
        layers.Conv2D(3 * 4**2, 1, use_bias=False, name=f"detail_{number}")(Differences()(drawn))
        for number in range(shape.slopes)
    )
    return keras.Model([low, code], [DepthToSpace()(smooth + detail), gain], name="maps")


def build_transform(maps: keras.Model) -> keras.Model:
    """Frame B x H x W x 3 (BGR, 0..1, sides multiples of 8) and code -> stylized frame of the same kind.

    It shares the weights of `maps`. The frame is halved to the mean of every four pixels, the gain is enlarged.
    """
    frame = keras.Input((None, None, 3), name="frame")
    code = keras.Input(maps.inputs[1].shape[1:], name="code")
    offset, gain = maps([ops.average_pool(frame, 2, 2, "valid"), code])
    gain = DepthToSpace()(Phases()(ReflectionPad()(gain)))
    return keras.Model([frame, code], ops.clip(offset + gain * frame, 0.0, 1.0))
