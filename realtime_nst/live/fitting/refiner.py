"""Improves the style in use: starts the process that fits, gives it frames, and takes its vectors."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ...errors import StylizeError
from ...frames import Image
from ...interfaces import Notify
from ...media.resize import downscale
from ...networks.base import Network
from ...nst.features import ensure_features
from ...styles.fitted import FittedStyles
from ..style_encoder import StyleEncoder
from .worker import FitFailure, FitRequest, FitState, work

FRAME_INTERVAL = 0.5
"""Seconds between two frames that the process receives."""

FRAME_SIDE = 384
"""Long side in pixels of these frames."""

Work = Callable[[FitRequest, Connection, Connection], None]


class Refiner:
    """Fits the vector of one style at a time.

    All methods return at once: what takes time happens in a thread and a process of their own.

    Args:
        network: the network whose vectors are fitted.
        styles: gives the style in use, and receives better vectors.
        fitted: keeps the vector of a fit that was completed.
        features: VGG weights (npz); None: Keras's VGG-19, downloaded once.
        work: runs in the process.
    """

    def __init__(
        self,
        network: Network,
        styles: StyleEncoder,
        fitted: FittedStyles,
        features: Path | None = None,
        work: Work = work,
    ) -> None:
        self._network = network
        self._styles = styles
        self._fitted = fitted
        self._features = features
        self._work = work
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._frame: Image | None = None
        self._offered = 0.0
        self._state: tuple[str, float] | None = None

    @property
    def state(self) -> tuple[str, float] | None:
        """The style that is being fitted, and the fraction that is done; None: none is."""
        return self._state

    def toggle(self, report: Notify) -> None:
        """Begin to fit the style in use, or stop. `report` is told how it goes, from any thread."""
        if self._thread is not None and self._thread.is_alive():
            self._stop.set()
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop, report), name="fit", daemon=True)
        self._thread.start()

    def offer(self, image: Image) -> None:
        """Take a frame from the video, if the fit wants one. Called for every frame; copies two a second."""
        if self._state is not None and time.monotonic() - self._offered >= FRAME_INTERVAL:
            self._offered = time.monotonic()
            self._frame = image.copy()  # The camera may reuse its buffer.

    def close(self) -> None:
        """End the fit and its process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, stop: threading.Event, report: Notify) -> None:
        try:
            self._fit(stop, report)
        except StylizeError as error:
            report(str(error))
        except OSError as error:
            report(f"the fit cannot run: {error}")
        finally:
            self._state = self._frame = None

    def _fit(self, stop: threading.Event, report: Notify) -> None:
        load_render = self._network.differentiable()
        ensure_features(self._features, report)
        start = self._styles.code(wait=True)
        index = self._styles.current
        name = self._styles.name(index)
        if start is None or stop.is_set():
            return
        self._state = (name, 0.0)
        report(f"fitting {name} in the background")
        request = FitRequest(load_render, self._styles.read(index), start, self._features)
        last = None
        with _process(self._work, request) as (frames, states):
            while not stop.is_set():
                state = self._exchange(frames, states)
                if isinstance(state, FitFailure):
                    report(state.message)
                    return
                if state is None:
                    continue
                self._state = (name, state.done)
                if state.vector is not None:
                    self._styles.improve(index, state.vector)
                    last = state.vector
                if state.done >= 1:
                    break
        style = self._styles.style(index)
        if stop.is_set():
            report(f"the fit of {name} was stopped" + ("" if last is None else "; what it reached stays until the end"))
        elif last is not None and style is not None:
            report(f"{name} is fitted, and kept for later runs: {self._fitted.keep(style, last)}")
        else:
            report(f"{name} is fitted, until the program ends")

    def _exchange(self, frames: Connection, states: Connection) -> FitState | FitFailure | None:
        """Send the frame that was offered, if any, and return the next message, if one comes within a tenth second."""
        frame, self._frame = self._frame, None
        try:
            if frame is not None:
                frames.send(_small(frame))
            return states.recv() if states.poll(0.1) else None
        except (EOFError, OSError):
            return FitFailure("the process that fits the style has ended unexpectedly; the style stays as it is")


def _small(image: Image) -> Image:
    scale = FRAME_SIDE / max(image.shape[:2])
    return downscale(image, (round(image.shape[0] * scale), round(image.shape[1] * scale))) if scale < 1 else image


@contextlib.contextmanager
def _process(work: Work, request: FitRequest) -> Any:
    """Run `work` in a process; yield the ends of its pipes for frames and states; end it, however the block ends."""
    spawn = multiprocessing.get_context("spawn")
    theirs_in, frames = spawn.Pipe(duplex=False)
    states, theirs_out = spawn.Pipe(duplex=False)
    process = spawn.Process(target=work, args=(request, theirs_in, theirs_out), name="fit", daemon=True)
    process.start()
    theirs_in.close()
    theirs_out.close()
    try:
        yield frames, states
    finally:
        frames.close()
        states.close()
        process.join(0.5)
        process.kill()
        process.join()
