"""The machine's peak rate, to which the speed of a network is compared."""

from __future__ import annotations

import time

import numpy as np


def matrix_product_gflops(side: int = 1536, times: int = 5) -> float:
    """Measure a float32 matrix product on all cores (NumPy's BLAS).

    Args:
        side: rows and columns of the matrices.
        times: how often to measure; the best result counts.

    Returns:
        10^9 floating-point operations per second.
    """
    rng = np.random.default_rng(0)
    a, b = (rng.random((side, side), np.float32) for _ in range(2))
    product = np.empty_like(a)
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        np.matmul(a, b, out=product)
        durations.append(time.perf_counter() - started)
    return 2e-9 * side**3 / min(durations)
