"""A function's value and gradient, on whichever backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..errors import ModelError

Values: TypeAlias = list[float]
TensorFunction: TypeAlias = Callable[..., Sequence[Any]]
"""A function of tensors, written in Keras ops, that returns scalar tensors."""
ArrayFunction: TypeAlias = Callable[..., tuple[Values, np.ndarray]]
"""float32 arrays -> (values, gradient of the first value with respect to the first array, shaped like it)."""


def with_gradient(function: TensorFunction) -> ArrayFunction:
    """Turn a function of tensors into a function of float32 arrays that also returns the gradient.

    The gradient is that of the first value with respect to the first array.

    Raises:
        ModelError: if Keras runs on a backend without gradients.
    """
    import keras

    backend = keras.backend.backend()
    makers = {"tensorflow": _tensorflow, "torch": _torch, "jax": _jax}
    if backend not in makers:
        raise ModelError(f"Keras runs on {backend}, which has no gradients; set KERAS_BACKEND=tensorflow")
    return makers[backend](function)


def _tensorflow(function: TensorFunction) -> ArrayFunction:
    import tensorflow as tf

    @tf.function(autograph=False)
    def both(x: Any, *others: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = function(x, *others)
        return values, tape.gradient(values[0], x)

    def run(x: np.ndarray, *others: np.ndarray) -> tuple[Values, np.ndarray]:
        values, gradient = both(tf.constant(x), *map(tf.constant, others))
        return [float(value) for value in values], gradient.numpy()

    return run


def _torch(function: TensorFunction) -> ArrayFunction:
    from keras import ops

    def run(x: np.ndarray, *others: np.ndarray) -> tuple[Values, np.ndarray]:
        tensor: Any = ops.convert_to_tensor(x)
        tensor.requires_grad_()
        values = function(tensor, *map(ops.convert_to_tensor, others))
        values[0].backward()
        return [float(value.detach()) for value in values], tensor.grad.cpu().numpy()

    return run


def _jax(function: TensorFunction) -> ArrayFunction:
    import jax

    def first_and_all(x: Any, *others: Any) -> tuple[Any, Sequence[Any]]:
        values = function(x, *others)
        return values[0], values

    both = jax.jit(jax.value_and_grad(first_and_all, has_aux=True))

    def run(x: np.ndarray, *others: np.ndarray) -> tuple[Values, np.ndarray]:
        (_, values), gradient = both(x, *others)
        return [float(value) for value in values], np.asarray(gradient)

    return run
