"""What the machine can do at best."""

from __future__ import annotations

import time

import numpy as np


def matrix_product_gflops(side: int = 1536, times: int = 5) -> float:
    """10^9 operations a second in a float32 matrix product on all cores (NumPy's BLAS), the best of some."""
    noise = np.random.default_rng(0)
    one, other = (noise.random((side, side), np.float32) for _ in range(2))
    out = np.empty_like(one)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        np.matmul(one, other, out=out)
        took.append(time.perf_counter() - began)
    return 2e-9 * side**3 / min(took)
