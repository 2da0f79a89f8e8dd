"""Arithmetic on style codes, the same for every network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import _arguments
from ..errors import ArgumentError
from ..frames import StyleCode, check_code


def blend(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """Return the weighted mean of style codes of one network: float32 vector.

    Args:
        codes: at least one.
        weights: one for each code; they are scaled to sum to 1.

    Raises:
        ArgumentError: if there are not as many weights as codes, the weights sum to 0, or the codes are not of one
            network.
    """
    codes = list(codes)
    for code in codes:
        check_code(code)
    weights = [_arguments.number("a weight", weight, -math.inf) for weight in weights]
    if len(codes) != len(weights) or not codes or not sum(weights) or not math.isfinite(sum(weights)):
        raise ArgumentError(f"cannot blend {len(codes)} codes by the weights {weights}")
    if len({code.shape for code in codes}) > 1:
        sizes = ", ".join(str(code.size) for code in codes)
        raise ArgumentError(f"cannot blend codes of {sizes} numbers: encode all styles with one stylizer")
    return np.average(np.stack(codes), axis=0, weights=weights).astype(np.float32)
