"""The process that fits a style vector: one core, lowest priority. It ends with the program, however that ends.

    python -m realtime_nst.live.fitting.worker

is started by `refiner`, which talks to it over pipes.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

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


def work(fit: Callable[[FitRequest, deque[Image]], Iterator[FitState]]) -> None:
    """Fit, as the whole work of a process.

    Standard input gives pickles: one `FitRequest`, then the content images (uint8 BGR) as the camera sees them, which
    stay in memory. When it is closed, the process ends. Standard output takes pickles: a `FitState` after each step, or
    one `FitFailure`.

    Args:
        fit: yields the states, given the request and the newest images, which change meanwhile.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program, which then closes standard input.
    input, output = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What libraries print must not come between the pickles.
    request: FitRequest = pickle.load(input)
    contents: deque[Image] = deque(maxlen=CONTENTS)
    threading.Thread(target=_receive, args=(input, contents), daemon=True).start()

    def send(message: FitState | FitFailure) -> None:
        pickle.dump(message, output)
        output.flush()

    try:
        while len(contents) < FEWEST_CONTENTS:
            time.sleep(0.05)
        for state in fit(request, contents):
            send(state)
    except BrokenPipeError:
        pass  # The program has ended.
    except StylizeError as error:
        send(FitFailure(str(error)))
    except Exception as error:
        send(FitFailure(f"the fit failed: {type(error).__name__}: {error}"))


def _receive(input: BinaryIO, contents: deque[Image]) -> None:
    try:
        while True:
            contents.append(pickle.load(input))
    finally:
        os._exit(0)  # At once: the program has ended, or no longer wants the fit.


def fit_on_one_core(request: FitRequest, contents: deque[Image]) -> Iterator[FitState]:
    """Fit with TensorFlow on one core, where others leave it idle."""
    yield_to_others()
    quiet_runtimes()
    from ...networks.runtimes.tensorflow import use_one_core

    use_one_core()
    from ...nst.fit import FitTarget, fit
    from ...nst.vgg import load_features

    target = FitTarget(load_features(request.features), request.painting, contents)
    render = request.load_render()
    shown = SHOWN_FROM - SHOWN_EVERY
    for state in fit(render, request.start, target, steps=request.steps, side=SIDE):
        show = state.done >= 1 or state.done - shown >= SHOWN_EVERY - 1e-9
        shown = state.done if show else shown
        yield FitState(state.done, state.vector if show else None)


if __name__ == "__main__":
    # Pickles name the classes of the imported module, not those of __main__.
    from realtime_nst.live.fitting import worker

    worker.work(worker.fit_on_one_core)
