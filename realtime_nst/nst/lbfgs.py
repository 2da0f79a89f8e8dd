"""L-BFGS with bounds (Nocedal and Wright, "Numerical Optimization", 2006, algorithms 7.4 and 7.5).

A quasi-Newton method: it estimates the curvature from its last few steps. Each step is projected onto the bounds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np

Function: TypeAlias = Callable[[np.ndarray], tuple[list[float], np.ndarray]]
"""x -> (values, gradient of the first value, shaped like x)."""

Pair: TypeAlias = tuple[np.ndarray, np.ndarray, float]
"""A past step: the change s of x, the change y of the gradient, and s . y."""

MAX_HALVINGS = 24
"""How often the line search halves a step before it gives up."""


def minimize(
    function: Function, start: np.ndarray, *, low: float, high: float, memory: int = 12, first_step: float = 1.0
) -> Iterator[tuple[np.ndarray, list[float]]]:
    """Minimize the first value of a function; yield (x, values) after each step.

    The first value never rises. The iteration ends where no step decreases it.

    Args:
        function: the function, with its gradient.
        start: float32 array of any shape, values in low..high.
        low: lower bound of every element.
        high: upper bound of every element.
        memory: how many past steps the curvature is estimated from.
        first_step: mean absolute change of an element in the first step, and in the first one after a restart.
    """
    x = np.clip(start, low, high).astype(np.float32)
    values, gradient = function(x)
    pairs: deque[Pair] = deque(maxlen=memory)
    while True:
        direction = _direction(gradient, pairs, first_step)
        found = _line_search(function, x, values[0], gradient, direction, low, high)
        if found is None:
            if not pairs:
                return
            pairs.clear()  # the estimated curvature is misleading here: restart with the plain gradient
            continue
        x_new, values, gradient_new = found
        s, y = x_new - x, gradient_new - gradient
        curvature = _dot(s, y)
        if curvature > 1e-10 * _dot(y, y):
            pairs.append((s, y, curvature))
        x, gradient = x_new, gradient_new
        yield x, values


def _direction(gradient: np.ndarray, pairs: deque[Pair], first_step: float) -> np.ndarray:
    """Return minus the estimated inverse Hessian times the gradient (algorithm 7.4)."""
    if not pairs:
        return -gradient * (first_step / (np.mean(np.abs(gradient)) + 1e-30))
    q = gradient.copy()
    alphas = []
    for s, y, curvature in reversed(pairs):
        alpha = _dot(s, q) / curvature
        q -= alpha * y
        alphas.append(alpha)
    s, y, curvature = pairs[-1]
    q *= curvature / _dot(y, y)
    for (s, y, curvature), alpha in zip(pairs, reversed(alphas)):
        q += (alpha - _dot(y, q) / curvature) * s
    return -q


def _line_search(
    function: Function,
    x: np.ndarray,
    value: float,
    gradient: np.ndarray,
    direction: np.ndarray,
    low: float,
    high: float,
) -> tuple[np.ndarray, list[float], np.ndarray] | None:
    """Return (x, values, gradient) after the first of the steps 1, 1/2, 1/4 ... that fulfils Armijo's condition."""
    for halvings in range(MAX_HALVINGS):
        x_new = np.clip(x + direction * 0.5**halvings, low, high)
        expected = _dot(gradient, x_new - x)
        if expected >= 0:
            continue
        values, gradient_new = function(x_new)
        if values[0] <= value + 1e-4 * expected:
            return x_new, values, gradient_new
    return None


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Return the inner product, summed in float64 because there may be a million elements."""
    return float(np.einsum("i,i->", a.ravel(), b.ravel(), dtype=np.float64))
