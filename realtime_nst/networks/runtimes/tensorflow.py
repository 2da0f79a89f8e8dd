"""Networks as functions, compiled and run by TensorFlow, with XLA where it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...frames import Image, StyleCode
from .base import Stylize, check_finite, first_line, shaped_code

Tensor: TypeAlias = Any
"""tf.Tensor, which a GPU may still be computing."""


def xla_notices(device: str) -> tuple[str, ...]:
    """Return notices for the user if XLA cannot compile for a TensorFlow device; empty if it can.

    On a GPU, XLA needs parts of CUDA that some installations lack.
    """
    import tensorflow as tf

    try:
        with tf.device(device):
            tf.function(tf.sigmoid, jit_compile=True, autograph=False)(tf.zeros(8))
    except tf.errors.OpError as error:
        return (
            f"XLA cannot compile for {device} here, TensorFlow runs the network op by op, slower: {first_line(error)}",
        )
    return ()


def tensorflow_name(xla: bool) -> str:
    """Return the runtime's name and version, for the overlay and the figures."""
    import tensorflow as tf

    return f"TensorFlow {tf.__version__}{' XLA' if xla else ''}"


def tensorflow_stylize(
    network: Callable[..., Tensor], size: tuple[int, int], code_shape: tuple[int, ...], device: str, xla: bool = False
) -> Stylize:
    """Make a function of a network that outputs the stylized frame.

    Args:
        network: takes a frame, float32 RGB in [0, 1], 1 x H x W x 3, and a code, as tensors; returns a tensor like the
            frame. If that is larger than the frame, it is cropped.
        size: (height, width) of the frames.
        code_shape: shape of the code.
        device: TensorFlow's name of the device, such as "/GPU:0" or "/CPU:0".
        xla: compile with XLA, for this size.
    """
    import tensorflow as tf

    height, width = size

    @tf.function(
        input_signature=[tf.TensorSpec((height, width, 3), tf.uint8), tf.TensorSpec(code_shape, tf.float32)],
        autograph=False,
        jit_compile=xla,
    )
    def on_uint8(frame: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        with tf.device(device):
            rgb = tf.cast(frame[tf.newaxis, :, :, ::-1], tf.float32) / 255.0
            output = network(rgb, code)[0, :height, :width]
            pixels = tf.cast(tf.round(tf.clip_by_value(output, 0.0, 1.0) * 255.0), tf.uint8)[:, :, ::-1]
            return pixels, tf.reduce_mean(tf.abs(output))

    def stylize(image: Image, code: StyleCode) -> Callable[[], Image]:
        with tf.device(device):
            pixels, mean = on_uint8(image, shaped_code(code, code_shape))

        def wait() -> Image:
            check_finite(float(mean))
            return pixels.numpy()

        return wait

    return stylize


def tensorflow_affine(
    network: Any, size: tuple[int, int], device: str, xla: bool = False
) -> Callable[[Image, StyleCode], tuple[Tensor, Tensor]]:
    """Make a function of a network that outputs affine coefficients: stylized = offset + gain * frame.

    Args:
        network: a tf.ConcreteFunction: float32 BGR in [0, 1], 1 x H x W x 3, and a code -> offset in [0, 1] and gain.
        size: (height, width) of its input.
        device: TensorFlow's name of the device.
        xla: compile with XLA, for this size.

    Returns:
        A function: uint8 BGR H x W x 3 and a code -> offset in 0..255 and gain, float32 tensors.
    """
    import tensorflow as tf

    code_shape = tuple(network.inputs[1].shape)

    @tf.function(
        input_signature=[tf.TensorSpec((*size, 3), tf.uint8), tf.TensorSpec(code_shape, tf.float32)],
        autograph=False,
        jit_compile=xla,
    )
    def on_uint8(frame: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        with tf.device(device):
            offset, gain = network(tf.cast(frame[tf.newaxis], tf.float32) / 255.0, code)
            return offset[0] * 255.0, gain[0]

    def coefficients(image: Image, code: StyleCode) -> tuple[Tensor, Tensor]:
        with tf.device(device):
            return on_uint8(image, shaped_code(code, code_shape))

    return coefficients


def tensorflow_apply_affine(device: str, xla: bool = False) -> Callable[[Tensor, Tensor, Image], Callable[[], Image]]:
    """Make a function that applies affine coefficients to a frame: offset + gain * frame.

    Gain is enlarged to the size of offset, and both to the size of the frame, bilinearly. This runs on the device that
    computed the coefficients, so that only bytes are copied: the frame is sent while the device is still computing.

    Args:
        device: TensorFlow's name of the device.
        xla: compile with XLA.

    Returns:
        A function of offset, gain and a uint8 BGR frame. It returns a function that waits for the stylized frame, a new
        uint8 BGR image.
    """
    import tensorflow as tf

    @tf.function(autograph=False, jit_compile=xla)
    def on_tensors(offset: Tensor, gain: Tensor, frame: Tensor) -> Tensor:
        with tf.device(device):
            gain = tf.image.resize(gain, offset.shape[:2])
            offset, gain = (tf.image.resize(each, frame.shape[:2]) for each in (offset, gain))
            output = offset + gain * tf.cast(frame, tf.float32)
            return tf.cast(tf.round(tf.clip_by_value(output, 0.0, 255.0)), tf.uint8)

    def apply(offset: Tensor, gain: Tensor, image: Image) -> Callable[[], Image]:
        with tf.device(device):
            return on_tensors(offset, gain, tf.constant(image)).numpy

    return apply


def use_one_core() -> None:
    """Let TensorFlow compute on one core of the CPU, and leave a GPU alone. Call it before TensorFlow computes."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.set_visible_devices([], "GPU")
