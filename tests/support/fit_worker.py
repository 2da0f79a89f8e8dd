"""A double of the process that fits: it answers every frame with a state, and learns nothing but the frame's colour."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection

import numpy as np

from realtime_nst.live.fitting.worker import FitFailure, FitRequest, FitState

STEPS = 4


def answering(request: FitRequest, frames: Connection, states: Connection) -> None:
    """Send a state for each of STEPS frames: its vector is the start plus the mean of the frame."""
    for step in range(1, STEPS + 1):
        image = frames.recv()
        states.send(FitState(step / STEPS, request.start + np.float32(image.mean())))
    _until_closed(frames)


def failing(request: FitRequest, frames: Connection, states: Connection) -> None:
    """Fail after the first frame."""
    frames.recv()
    states.send(FitFailure("there are no weights"))
    _until_closed(frames)


def vanishing(request: FitRequest, frames: Connection, states: Connection) -> None:
    """End as a killed process does."""
    frames.recv()
    os._exit(9)


def _until_closed(frames: Connection) -> None:
    try:
        while True:
            frames.recv()
    except EOFError:
        pass
