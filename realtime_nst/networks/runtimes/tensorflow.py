"""Networks compiled and run by TensorFlow, with XLA where it can."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...frames import Image, StyleCode
from ..hub_split import first_line
from .base import Stylize


def xla_notices(device: str) -> tuple[str, ...]:
    """Empty where XLA can compile for a device of TensorFlow's; else what the user should be told.

    On a GPU it needs parts of CUDA that some installations lack.
    """
    import tensorflow as tf

    try:
        with tf.device(device):
            tf.function(tf.sigmoid, jit_compile=True, autograph=False)(tf.zeros(8))
    except tf.errors.OpError as reason:
        return (
            f"XLA cannot compile for {device} here, TensorFlow runs the network op by op, slower: {first_line(reason)}",
        )
    return ()


def tensorflow_name(xla: bool) -> str:
    """What runs a network, for the overlay and the figures."""
    import tensorflow as tf

    return f"TensorFlow {tf.__version__}{' XLA' if xla else ''}"


def tensorflow_stylize(
    network, size: tuple[int, int], code_shape: tuple[int, ...], device: str, xla: bool = False
) -> Stylize:
    """A tf.function of `network` for frames of `size` (height, width), with uint8 BGR in and out.

    `network` is called with float32 RGB 1 x H x W x 3 in [0, 1] and a code of `code_shape` as tensors and returns
    one like its first. `device` is TensorFlow's name for where it runs,
    "/GPU:0" or "/CPU:0"; with `xla` XLA compiles it for the size. An output larger than the frame is cropped.
    """
    import tensorflow as tf

    height, width = size

    @tf.function(
        input_signature=[tf.TensorSpec((height, width, 3), tf.uint8), tf.TensorSpec(code_shape, tf.float32)],
        autograph=False,
        jit_compile=xla,
    )
    def images(frame, code):
        with tf.device(device):
            scaled = tf.cast(frame[tf.newaxis, :, :, ::-1], tf.float32) / 255.0
            out = network(scaled, code)[0, :height, :width]
            return tf.cast(tf.round(tf.clip_by_value(out, 0.0, 1.0) * 255.0), tf.uint8)[:, :, ::-1]

    def stylize(image: Image, code: StyleCode) -> Callable[[], Image]:
        with tf.device(device):
            return images(image, np.reshape(code, code_shape)).numpy

    return stylize


def tensorflow_maps(
    network, size: tuple[int, int], device: str, xla: bool = False
) -> Callable[[Image, StyleCode], tuple]:
    """A tf.function of `network`, float32 BGR 1 x H x W x 3 in [0, 1] and a code -> offset in 0..255 and gain, for
    pictures of `size` (height, width): tensors, which a GPU may still be at work on.

    `device` is TensorFlow's name for where it runs; with `xla` XLA compiles it for the size.
    """
    import tensorflow as tf

    code_shape = tuple(network.inputs[1].shape)

    @tf.function(
        input_signature=[tf.TensorSpec((*size, 3), tf.uint8), tf.TensorSpec(code_shape, tf.float32)],
        autograph=False,
        jit_compile=xla,
    )
    def on_pictures(image, code):
        with tf.device(device):
            offset, gain = network(tf.cast(image[tf.newaxis], tf.float32) / 255.0, code)
            return offset[0] * 255.0, gain[0]

    def maps(image: Image, code: StyleCode) -> tuple:
        with tf.device(device):
            return on_pictures(image, np.reshape(code, code_shape))

    return maps


def tensorflow_finish(device: str, xla: bool = False) -> Callable[..., Callable[[], Image]]:
    """(offset, gain, picture) -> offset + gain * picture, the gain enlarged to the offset and both to the picture,
    bilinearly: calling what it returns waits for that and gives a new uint8 BGR picture.

    It runs where the maps are, so that only bytes are copied: the picture goes to a GPU while that is at work on the
    maps, and the result comes back. `device` and `xla` as in `tensorflow_maps`.
    """
    import tensorflow as tf

    @tf.function(autograph=False, jit_compile=xla)
    def on_maps(offset, gain, image):
        with tf.device(device):
            gain = tf.image.resize(gain, offset.shape[:2])
            offset, gain = (tf.image.resize(each, image.shape[:2]) for each in (offset, gain))
            made = offset + gain * tf.cast(image, tf.float32)
            return tf.cast(tf.round(tf.clip_by_value(made, 0.0, 255.0)), tf.uint8)

    def finish(offset, gain, image: Image) -> Callable[[], Image]:
        with tf.device(device):
            return on_maps(offset, gain, tf.constant(image)).numpy

    return finish
