"""Improves the style in use: starts the process that fits, gives it frames, and takes its vectors."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..._queue import FrameQueue, QueueClosed
from ...errors import StylizeError
from ...frames import Image
from ...interfaces import Notify
from ...media.resize import downscale
from ...networks.base import Network
from ...nst.features import ensure_features
from ...styles.fitted import FittedStyles
from ..style_encoder import StyleEncoder
from .worker import FitFailure, FitRequest, FitState

FRAME_INTERVAL = 0.5
"""Seconds between two frames that the process receives."""

FRAME_SIDE = 384
"""Long side in pixels of these frames."""

WORKER = (sys.executable, "-m", f"{__package__}.worker")
"""The command of the process."""


class Refiner:
    """Fits the vector of one style at a time.

    All methods return at once: what takes time happens in a thread and a process of their own.

    Args:
        network: the network whose vectors are fitted.
        styles: gives the style in use, and receives better vectors.
        fitted: keeps the vector of a fit that was completed.
        features: VGG weights (npz); None: Keras's VGG-19, downloaded once.
        worker: the command of the process, which does what `worker` does.
    """

    def __init__(
        self,
        network: Network,
        styles: StyleEncoder,
        fitted: FittedStyles,
        features: Path | None = None,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self._network = network
        self._styles = styles
        self._fitted = fitted
        self._features = features
        self._worker = worker
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._frames: FrameQueue[Image] | None = None
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
        frames = self._frames
        if frames is not None and time.monotonic() - self._offered >= FRAME_INTERVAL:
            self._offered = time.monotonic()
            with contextlib.suppress(QueueClosed):
                frames.put(image.copy())  # The camera may reuse its buffer.

    def close(self) -> None:
        """End the fit and its process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)  # It may still wait for a download.

    def _run(self, stop: threading.Event, report: Notify) -> None:
        try:
            self._fit(stop, report)
        except StylizeError as error:
            report(str(error))
        except OSError as error:
            report(f"the fit cannot run: {error}")
        finally:
            self._state = self._frames = None

    def _fit(self, stop: threading.Event, report: Notify) -> None:
        load_render = self._network.differentiable()
        ensure_features(self._features, report)
        start = self._styles.code(wait=True)
        index = self._styles.current
        name = self._styles.name(index)
        if start is None or stop.is_set():
            return
        request = FitRequest(load_render, self._styles.read(index), start, self._features)
        self._state = (name, 0.0)
        report(f"fitting {name} in the background")
        done, last = 0.0, None
        self._frames = FrameQueue(1, drop=True)
        with _Process(self._worker, request, self._frames) as process:
            for message in process.messages(stop):
                if isinstance(message, FitFailure):
                    report(message.message)
                    return
                done = message.done
                self._state = (name, done)
                if message.vector is not None:
                    last = message.vector
                    self._styles.improve(index, last)
                if done >= 1:
                    break
        style = self._styles.style(index)
        if done < 1 and not stop.is_set():
            report("the process that fits the style has ended unexpectedly; the style keeps what it has reached")
        elif done < 1:
            report(f"the fit of {name} was stopped" + ("" if last is None else "; what it reached stays until the end"))
        elif last is not None and style is not None:
            report(f"{name} is fitted, and kept for later runs: {self._fitted.keep(style, last)}")
        else:
            report(f"{name} is fitted, until the program ends")


class _Process:
    """The process that fits, and the threads at both of its pipes. It is killed when the block ends.

    Nothing here waits for its death: at the lowest priority, on a busy machine, that may take a minute.
    """

    def __init__(self, command: Sequence[str], request: FitRequest, frames: FrameQueue[Image]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._frames = frames
        self._messages: FrameQueue[FitState | FitFailure] = FrameQueue(8, drop=False)
        for work, arguments in ((self._send, (request,)), (self._receive, ())):
            threading.Thread(target=work, args=arguments, name="fit-pipe", daemon=True).start()

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._frames.end(discard=True)
        self._messages.end(discard=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)

    def messages(self, stop: threading.Event) -> Iterator[FitState | FitFailure]:
        """Yield what the process says, until it has ended or `stop` is set."""
        with contextlib.suppress(QueueClosed):
            while not stop.is_set():
                message = self._messages.get(timeout=0.1)
                if message is not None:
                    yield message

    def _send(self, request: FitRequest) -> None:
        assert self._process.stdin is not None
        # OSError: the process has ended.
        with contextlib.suppress(OSError, QueueClosed), self._process.stdin as input:
            pickle.dump(request, input)
            while True:
                frame = self._frames.get()
                if frame is not None:
                    pickle.dump(_small(frame), input)
                    input.flush()

    def _receive(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError, QueueClosed):
            with self._process.stdout as output:
                while True:
                    self._messages.put(pickle.load(output))
        self._messages.end()


def _small(image: Image) -> Image:
    scale = FRAME_SIDE / max(image.shape[:2])
    return downscale(image, (round(image.shape[0] * scale), round(image.shape[1] * scale))) if scale < 1 else image
