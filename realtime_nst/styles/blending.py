"""Arithmetic on style codes, the same for every network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..frames import StyleCode


def blend(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """Return the weighted mean of style codes of one network: float32 vector.

    Args:
        codes: at least one.
        weights: one for each code; they are scaled to sum to 1.

    Raises:
        ValueError: if there are not as many weights as codes, or the weights sum to 0.
    """
    if len(codes) != len(weights) or not codes or not sum(weights):
        raise ValueError(f"cannot blend {len(codes)} codes by the weights {list(weights)}")
    return np.average(np.stack(codes), axis=0, weights=weights).astype(np.float32)
