"""L-BFGS: gradient descent that learns the curvature from its last few steps (Nocedal and Wright,
"Numerical Optimization", 2006, algorithms 7.4 and 7.5), kept between two bounds by projection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

Function = Callable[[np.ndarray], tuple[list[float], np.ndarray]]
"""x -> (values, gradient of the first value), the gradient shaped like x."""


def minimize(
    function: Function, start: np.ndarray, *, low: float, high: float, memory: int = 12, first_step: float = 1.0
) -> Iterator[tuple[np.ndarray, list[float]]]:
    """Yield (x, values) after each step down; the first value never rises. Ends where no step goes further down.

    start: float32 array of any shape, values in low..high. memory: how many steps the curvature is learned from.
    first_step: mean change of an element in the first step, and in any that follows a restart.
    """
    x = np.clip(start, low, high).astype(np.float32)
    values, gradient = function(x)
    pairs: deque[tuple[np.ndarray, np.ndarray, float]] = deque(maxlen=memory)
    while True:
        direction = _direction(gradient, pairs, first_step)
        found = _line_search(function, x, values[0], gradient, direction, low, high)
        if found is None:
            if not pairs:
                return
            pairs.clear()  # what was learned misleads here: begin again from the plain gradient
            continue
        x_new, values, gradient_new = found
        moved, bent = x_new - x, gradient_new - gradient
        curvature = _dot(moved, bent)
        if curvature > 1e-10 * _dot(bent, bent):
            pairs.append((moved, bent, curvature))
        x, gradient = x_new, gradient_new
        yield x, values


def _direction(gradient: np.ndarray, pairs: deque, first_step: float) -> np.ndarray:
    """Minus the inverse Hessian, as far as it is known, times the gradient (algorithm 7.4)."""
    if not pairs:
        return -gradient * (first_step / (np.mean(np.abs(gradient)) + 1e-30))
    rest = gradient.copy()
    shares = []
    for moved, bent, curvature in reversed(pairs):
        share = _dot(moved, rest) / curvature
        rest -= share * bent
        shares.append(share)
    moved, bent, curvature = pairs[-1]
    rest *= curvature / _dot(bent, bent)
    for (moved, bent, curvature), share in zip(pairs, reversed(shares)):
        rest += (share - _dot(bent, rest) / curvature) * moved
    return -rest


def _line_search(function: Function, x, value, gradient, direction, low, high):
    """(x, values, gradient) at the first of steps 1, 1/2, 1/4 ... that goes down enough (Armijo); None if none does."""
    for halvings in range(24):
        x_new = np.clip(x + direction * 0.5**halvings, low, high)
        expected = _dot(gradient, x_new - x)
        if expected >= 0:
            continue
        values, gradient_new = function(x_new)
        if values[0] <= value + 1e-4 * expected:
            return x_new, values, gradient_new
    return None


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """In float64: sums over a million elements."""
    return float(np.einsum("i,i->", a.ravel(), b.ravel(), dtype=np.float64))
