"""The any-style network whose style vector is what the transform is modulated with, in Keras 3.

It is the network of `network` with three additions:

- The style vector holds the scales and shifts of every normalization themselves, and for every depthwise convolution
  what is added to its kernels: strokes of a style have directions of their own, and a kernel of three by three pixels
  for each map costs nothing when it comes from the vector instead of from the weights. A vector can be fitted to a
  painting by gradient descent.
- The transform sees the frame with a seed added: smooth noise of two scales, fixed on the screen. In flat parts nothing
  else tells it where a stroke begins.
- There are more residual blocks.

The predictor of style vectors sees, beside means and deviations, how the maps of its first stages are correlated:
strokes show there, as in the Gram matrices of neural style transfer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from realtime_nst.training.network import (
    BilinearUpsample,
    BinomialBlur,
    DepthToSpace,
    Differences,
    InstanceNorm,
    Moments,
    Phases,
    ReflectionPad,
)

KERNEL_UNIT = 0.15
"""What 1 in a style vector adds to a weight of a depthwise kernel: the standard deviation of the kernels themselves."""

SEED_PERIODS = {6: 23, 14: 11}
"""Cells of the seed's noise, in pixels of what the network sees, and after how many of them it repeats: after 138 and
154 pixels, the sum of both after 10626."""


@dataclass(frozen=True)
class StrokeShape:
    """How wide and deep the network is. Saved beside its weights."""

    widths: tuple[int, int] = (48, 96)
    """Channels at a quarter and an eighth of the frame's size."""
    blocks: tuple[int, int] = (6, 5)
    """Residual blocks of two depthwise-separable convolutions at an eighth, and then at a quarter."""
    slopes: int = 2
    """Kernels of each map at a quarter that detail is made of: an edge has a slope across and one down."""
    style_widths: tuple[int, ...] = (24, 48, 96, 160, 224)
    correlated: tuple[int, int] = (3, 24)
    """Of how many stages of the predictor correlations are taken, and between how many maps of each."""
    code: int = 100
    hidden: int = 192
    wide: tuple[int, int, int] = (320, 256, 64)
    """Widths of the predictor's layers: of all statistics, of what scales and shifts come from, of what kernels do."""
    seed: float = 8 / 255
    """The seed's standard deviation."""

    @property
    def maps(self) -> tuple[int, ...]:
        """Channels of every normalization, in order."""
        quarter, eighth = self.widths
        coarse, fine = self.blocks
        return (quarter, *[eighth] * (1 + 2 * coarse), *[quarter] * 2 * fine)

    @property
    def depthwise(self) -> tuple[int, ...]:
        """Channels of every depthwise convolution, in order."""
        quarter, eighth = self.widths
        coarse, fine = self.blocks
        return (quarter, *[eighth] * 2 * coarse, *[quarter] * 2 * fine)

    @property
    def modulations(self) -> int:
        """How many numbers of a style vector are scales and shifts; those that follow are kernels."""
        return 2 * sum(self.maps) + self.widths[0]

    @property
    def numbers(self) -> int:
        """How many numbers a style vector has."""
        return self.modulations + 9 * sum(self.depthwise)


@keras.saving.register_keras_serializable("realtime_nst")
class Correlations(layers.Layer):
    """Inner products of maps over positions, each map divided by its root mean square: B x H x W x N -> B x N^2."""

    def call(self, x):
        _, height, width, maps = ops.shape(x)
        flat = ops.reshape(x, (-1, height * width, maps))
        flat = flat / ops.sqrt(ops.mean(ops.square(flat), axis=1, keepdims=True) + 1e-4)
        gram = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / ops.cast(height * width, x.dtype)
        return ops.reshape(gram, (-1, maps * maps))

    def compute_output_shape(self, shape):
        return (shape[0], shape[3] ** 2)


@keras.saving.register_keras_serializable("realtime_nst")
class StyledDepthwise(layers.Layer):
    """A depthwise 3 x 3 convolution whose kernels are its own plus KERNEL_UNIT times numbers of each style.

    Called with maps B x H x W x N and numbers B x 9N, or 1 x 9N for all; no padding.
    """

    def __init__(self, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.strides = strides

    def build(self, shapes):
        self.kernel = self.add_weight(shape=(3, 3, shapes[0][-1], 1), initializer="glorot_uniform", name="kernel")

    def call(self, inputs):
        x, numbers = inputs
        maps = x.shape[-1]
        kernels = ops.reshape(numbers, (-1, 3, 3, maps, 1)) * KERNEL_UNIT + self.kernel
        if numbers.shape[0] == 1:
            return ops.depthwise_conv(x, kernels[0], self.strides)
        # Pictures side by side as further maps: each is convolved with its own kernels.
        batch, height, width, _ = ops.shape(x)
        beside = ops.reshape(ops.transpose(x, (1, 2, 0, 3)), (1, height, width, batch * maps))
        kernels = ops.reshape(ops.transpose(kernels, (1, 2, 0, 3, 4)), (3, 3, batch * maps, 1))
        y = ops.depthwise_conv(beside, kernels, self.strides)
        _, height, width, _ = ops.shape(y)
        return ops.transpose(ops.reshape(y, (height, width, batch, maps)), (2, 0, 1, 3))

    def compute_output_shape(self, shapes):
        shape = shapes[0]
        return (shape[0], *(side and (side - 3) // self.strides + 1 for side in shape[1:3]), shape[3])

    def get_config(self):
        return super().get_config() | {"strides": self.strides}


@keras.saving.register_keras_serializable("realtime_nst")
class Seed(layers.Layer):
    """Smooth noise of two scales, the same for every frame of a size: B x H x W x N -> 1 x H x W x 1.

    Its weights are the two tiles it is laid with, not trained.
    """

    def __init__(self, deviation: float, **kwargs):
        super().__init__(**kwargs)
        self.deviation = deviation

    def build(self, shape):
        self.tiles = [
            self.add_weight(
                shape=(1, cell * count, cell * count, 1),
                trainable=False,
                name=f"tile_{cell}",
                initializer=lambda shape, dtype=None, cell=cell, count=count: seed_tile(cell, count, self.deviation),
            )
            for cell, count in SEED_PERIODS.items()
        ]

    def call(self, x):
        _, height, width, _ = ops.shape(x)
        return sum(
            ops.tile(tile, (1, height // tile.shape[1] + 1, width // tile.shape[2] + 1, 1))[:, :height, :width]
            for tile in self.tiles
        )

    def compute_output_shape(self, shape):
        return (1, *shape[1:3], 1)

    def get_config(self):
        return super().get_config() | {"deviation": self.deviation}


def seed_tile(cell: int, count: int, deviation: float) -> np.ndarray:
    """A square tile of smooth noise, 1 x `cell * count` x `cell * count` x 1, that continues itself on every side.

    Normal noise of `count` x `count` cells, enlarged by the cubic B-spline; the deviation over the tile is
    `deviation` / sqrt(len(SEED_PERIODS)), so that of the sum of all tiles is `deviation`.
    """
    rng = np.random.default_rng(cell)
    noise = rng.normal(size=(count, count))
    place = np.arange(cell * count) / cell
    apart = np.abs((place[:, None] - np.arange(count)[None] + count / 2) % count - count / 2)
    spline = np.where(apart < 1, 2 / 3 - apart**2 + apart**3 / 2, np.clip(2 - apart, 0, None) ** 3 / 6)
    tile = spline @ noise @ spline.T
    tile = (tile - tile.mean()) / tile.std() * deviation / len(SEED_PERIODS) ** 0.5
    return tile[None, :, :, None].astype(np.float32)


def build_predictor(shape: StrokeShape) -> keras.Model:
    """Picture B x H x W x 3 (BGR, 0..1, any size) -> style vector B x shape.numbers."""
    picture = keras.Input((None, None, 3), name="style")
    x = picture
    statistics, correlations = [Moments()(x)], []
    for stage, width in enumerate(shape.style_widths):
        x = layers.Conv2D(width, 3, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.1)(x)
        x = layers.DepthwiseConv2D(3, padding="same")(x)
        x = layers.Conv2D(width, 1)(x)
        x = layers.LeakyReLU(0.1)(x)
        statistics.append(Moments()(x))
        if stage < shape.correlated[0]:
            correlations.append(Correlations()(layers.Conv2D(shape.correlated[1], 1, name=f"correlated_{stage}")(x)))
    known = layers.LayerNormalization(name="statistics")(layers.Concatenate()(statistics))
    code = layers.Dense(2 * shape.code, activation="leaky_relu", name="code_hidden")(known)
    code = layers.Dense(shape.code, name="code")(code)
    hidden = layers.Dense(shape.hidden, activation="leaky_relu", name="hidden")(code)
    first, second, third = shape.wide
    wide = layers.Concatenate()([known, *correlations])
    wide = layers.Dense(first, activation="leaky_relu", name="wide_1")(wide)
    wide = layers.Dense(second, activation="leaky_relu", name="wide_2")(wide)
    modulations = layers.Dense(shape.modulations, name="modulations")(layers.Concatenate()([hidden, wide]))
    narrow = layers.Dense(third, activation="leaky_relu", name="kernels_hidden")(wide)
    kernels = layers.Dense(9 * sum(shape.depthwise), kernel_initializer="zeros", name="kernels")(narrow)
    return keras.Model(picture, layers.Concatenate()([modulations, kernels]), name="predictor")


def build_seeded(shape: StrokeShape) -> keras.Model:
    """Half-sized frame B x H x W x 3 (BGR, 0..1, sides multiples of 4, 8 or more), seed B x H x W x 1 and style vector
    -> what the stylized frame is made of: offset B x 2H x 2W x 3 and gain B x H/2 x W/2 x 3."""
    low = keras.Input((None, None, 3), name="low")
    seed = keras.Input((None, None, 1), name="seed")
    vector = keras.Input((shape.numbers,), name="code")
    quarter, eighth = shape.widths
    coarse, fine = shape.blocks
    places = iter([(2 * sum(shape.maps[:i]), width) for i, width in enumerate(shape.maps)])
    kernels = iter(
        [(shape.modulations + 9 * sum(shape.depthwise[:i]), 9 * width) for i, width in enumerate(shape.depthwise)]
    )

    def conditioned(x, activate: bool = True):
        place, width = next(places)
        scale = layers.Reshape((1, 1, width))(vector[:, place : place + width])
        shift = layers.Reshape((1, 1, width))(vector[:, place + width : place + 2 * width])
        x = InstanceNorm()(x) * (1.0 + scale) + shift
        return layers.ReLU()(x) if activate else x

    def separable(x, width: int, strides: int = 1):
        place, count = next(kernels)
        each = StyledDepthwise(strides)([ReflectionPad()(x), vector[:, place : place + count]])
        return layers.Conv2D(width, 1, use_bias=False)(each)

    def residual(x):
        width = x.shape[-1]
        y = conditioned(separable(x, width))
        return x + conditioned(separable(y, width), activate=False)

    e1 = conditioned(layers.Conv2D(quarter, 4, strides=2, use_bias=False)(ReflectionPad()(low + seed)))
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
    last = vector[:, shape.modulations - quarter : shape.modulations]
    drawn = ReflectionPad()(x * (1.0 + layers.Reshape((1, 1, quarter))(last)))
    # The sum of several: OpenVINO takes 0.2 ms for the second, 1 ms for one depthwise convolution with twice the maps.
    detail = sum(
        layers.Conv2D(3 * 4**2, 1, use_bias=False, name=f"detail_{number}")(Differences()(drawn))
        for number in range(shape.slopes)
    )
    return keras.Model([low, seed, vector], [DepthToSpace()(smooth + detail), gain], name="seeded")


def build_seeded_maps(seeded: keras.Model, shape: StrokeShape) -> keras.Model:
    """`seeded`, with its weights, and the seed that is fixed on the screen: half-sized frame and style vector -> offset
    and gain."""
    low, _, vector = seeded.inputs
    low, vector = keras.Input(low.shape[1:], name="low"), keras.Input(vector.shape[1:], name="code")
    return keras.Model([low, vector], seeded([low, Seed(shape.seed)(low), vector]), name="maps")


def load_stroke_networks(run: Path) -> tuple[keras.Model, keras.Model, StrokeShape]:
    """The predictor and the seeded maps of a run, and their shape."""
    saved = json.loads((run / "shape.json").read_text())
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in saved.items()}
    shape = StrokeShape(**values)
    networks = build_predictor(shape), build_seeded(shape)
    for network in networks:
        network.load_weights(run / f"{network.name}.weights.h5")
    return *networks, shape
