"""A layer that the Keras of Python 3.10 lacks."""

from __future__ import annotations

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("realtime_nst")
class PixelShuffle(layers.Layer):
    """Depth to space: B x H x W x N^2 -> B x NH x NW x 1."""

    def __init__(self, side: int, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def call(self, x):
        if keras.backend.backend() == "tensorflow":
            # One operation in the exported graph, which OpenVINO knows.
            import tensorflow as tf

            return tf.nn.depth_to_space(x, self.side)
        batch, height, width, _ = ops.shape(x)
        x = ops.reshape(x, (batch, height, width, self.side, self.side))
        return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (batch, self.side * height, self.side * width, 1))

    def compute_output_shape(self, shape):
        return (shape[0], *(side and self.side * side for side in shape[1:3]), 1)

    def get_config(self):
        return super().get_config() | {"side": self.side}
