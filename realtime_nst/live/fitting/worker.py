"""The process that fits a style vector: one core, lowest priority. It ends with the program, however that ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from ...errors import StylizeError
from ...frames import Image, StyleCode
from ...networks.base import Render
from ...process import quiet_runtimes, yield_to_others

STEPS = 120
SIDE = 192
"""Side in pixels of the squares that are stylized."""

CONTENTS = 16
"""Number of the newest frames that are stylized."""

FEWEST_CONTENTS = 2
"""Number of frames with which the fit begins."""

SHOWN_FROM, SHOWN_EVERY = 0.3, 0.1
"""The fraction of the fit from which its vector is worth showing, and after which more of it is shown again."""


@dataclass(frozen=True)
class FitRequest:
    """What to fit. It can be pickled."""

    load_render: Callable[[], Render]
    painting: Image
    start: StyleCode
    features: Path | None
    """VGG weights (npz); None: Keras's VGG-19."""
    steps: int = STEPS


class FitState(NamedTuple):
    """How far the fit is."""

    done: float
    """0 to 1."""
    vector: StyleCode | None
    """A vector worth showing; None: none since the last state that had one."""


class FitFailure(NamedTuple):
    """Why there will be no more states."""

    message: str


def work(request: FitRequest, frames: Connection, states: Connection) -> None:
    """Fit, in a process of its own.

    Args:
        request: what to fit.
        frames: gives the content images, uint8 BGR, from the camera; they stay in memory. When it is closed, the
            process ends.
        states: receives a `FitState` after each step, or one `FitFailure`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's, which then closes `frames`.
    yield_to_others()
    quiet_runtimes()
    contents: deque[Image] = deque(maxlen=CONTENTS)
    threading.Thread(target=_receive, args=(frames, contents), daemon=True).start()
    try:
        for state in _fit(request, contents):
            states.send(state)
    except (BrokenPipeError, ConnectionError):
        pass  # The program has ended.
    except StylizeError as error:
        states.send(FitFailure(str(error)))
    except Exception as error:
        states.send(FitFailure(f"the fit failed: {type(error).__name__}: {error}"))


def _receive(frames: Connection, contents: deque[Image]) -> None:
    try:
        while True:
            contents.append(frames.recv())
    except (EOFError, OSError):
        os._exit(0)  # At once: the program has ended, or no longer wants the fit.


def _fit(request: FitRequest, contents: deque[Image]) -> Iterator[FitState]:
    from ...networks.runtimes.tensorflow import use_one_core

    use_one_core()
    from ...nst.fit import FitTarget, fit
    from ...nst.vgg import load_features

    target = FitTarget(load_features(request.features), request.painting, contents)
    render = request.load_render()
    while len(contents) < FEWEST_CONTENTS:
        time.sleep(0.1)
    shown = SHOWN_FROM - SHOWN_EVERY
    for state in fit(render, request.start, target, steps=request.steps, side=SIDE):
        show = state.done >= 1 or state.done - shown >= SHOWN_EVERY - 1e-9
        shown = state.done if show else shown
        yield FitState(state.done, state.vector if show else None)
