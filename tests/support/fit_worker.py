"""Doubles of the process that fits, as real processes: python fit_worker.py NAME. They learn nothing but a colour."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from realtime_nst.errors import ModelError
from realtime_nst.live.fitting.worker import FitRequest, FitState, work

STEPS = 4


def answering(request: FitRequest, contents: deque) -> Iterator[FitState]:
    """Yield STEPS states, whose vectors are the start plus the mean of a frame."""
    for step in range(1, STEPS + 1):
        yield FitState(step / STEPS, request.start + np.float32(contents[-1].mean()))


def lasting(request: FitRequest, contents: deque) -> Iterator[FitState]:
    """Yield the first of many states, and no other."""
    yield FitState(0.01, None)
    time.sleep(600)


def failing(request: FitRequest, contents: deque) -> Iterator[FitState]:
    raise ModelError("there are no weights")
    yield


def vanishing(request: FitRequest, contents: deque) -> Iterator[FitState]:
    """End as a killed process does."""
    os._exit(9)
    yield


if __name__ == "__main__":
    work(globals()[sys.argv[1]])
