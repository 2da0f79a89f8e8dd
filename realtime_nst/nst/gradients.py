"""A function's value and gradient on whichever backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import ModelError

Values = list[float]


def with_gradient(function: Callable) -> Callable[[np.ndarray], tuple[Values, np.ndarray]]:
    """Turn a function of one tensor into one of a float32 array that gives its values and its gradient.

    `function` is written in Keras ops and returns scalars; the gradient is that of the first.
    Raises ModelError on a Keras backend that knows no gradients.
    """
    import keras

    backend = keras.backend.backend()
    makers = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}
    if backend not in makers:
        raise ModelError(f"Keras runs on {backend}, which has no gradients; set KERAS_BACKEND=tensorflow")
    return makers[backend](function)


def _tensorflow(function: Callable):
    import tensorflow as tf

    @tf.function(autograph=False)
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = function(x)
        return values, tape.gradient(values[0], x)

    def run(x: np.ndarray) -> tuple[Values, np.ndarray]:
        values, gradient = both(tf.constant(x))
        return [float(v) for v in values], gradient.numpy()

    return run


def _torch(function: Callable):
    from keras import ops

    def run(x: np.ndarray) -> tuple[Values, np.ndarray]:
        x = ops.convert_to_tensor(x).requires_grad_()
        values = function(x)
        values[0].backward()
        return [float(v.detach()) for v in values], x.grad.cpu().numpy()

    return run


def _jax(function: Callable):
    import jax

    def first_and_all(x):
        values = function(x)
        return values[0], values

    both = jax.jit(jax.value_and_grad(first_and_all, has_aux=True))

    def run(x: np.ndarray) -> tuple[Values, np.ndarray]:
        (_, values), gradient = both(x)
        return [float(v) for v in values], np.asarray(gradient)

    return run
