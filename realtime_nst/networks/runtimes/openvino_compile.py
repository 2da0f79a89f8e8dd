"""Compile models with OpenVINO for a CPU, keep the compiled ones, and run them on one or several frames at once."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import io
import json
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from ...frames import Image
from ...process import cpu_limit
from .cache import cache_folder, load, store
from .devices import openvino_core

if TYPE_CHECKING:
    import openvino

MAX_COMPILED = 24
"""How many compiled models the cache keeps."""


def openvino_options(
    precision: str | None = None, threads: int | None = None, frames_in_flight: int = 0
) -> dict[str, Any]:
    """Return the options of `compile_model`.

    Args:
        precision: "f32", "bf16" or "f16". None leaves it to OpenVINO, which uses bf16 if the processor supports it.
        threads: number of threads. None: all processors of the process (OpenVINO reads its CPU affinity, and
            PYTHON_CPU_COUNT is obeyed).
        frames_in_flight: 0: all threads share one frame, for latency. Otherwise each works on a frame of its own.
    """
    # All cores, because the network takes over nine tenths of a frame's processor time at 640x480. Beside it, decoding
    # a camera's JPEG takes 0.7 ms, and OpenCV's resizes and products take less than 1 ms with one or two threads, so we
    # leave their number as it is; `process` decides how they wait. Pinning OpenVINO's threads to cores made no
    # reproducible difference on two busy cores. Cores that share a frame wait for each other: two of them processed 95
    # frames per second together, and 150 with one frame each.
    options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if frames_in_flight:
        # One more frame than there are streams waits its turn: the work around the network takes a core now and then,
        # and without that frame throughput fell by 5 %.
        options = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": str(max(frames_in_flight - 1, 1))}
    if precision:
        options["INFERENCE_PRECISION_HINT"] = precision
    threads = threads or cpu_limit()
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def openvino_compile(
    file: Path, recipe: str, build: Callable[[openvino.Model], openvino.Model], options: dict[str, Any]
) -> openvino.CompiledModel:
    """Compile a model for the CPU, or load it from the cache, which takes a third of the time.

    OpenVINO's own cache does not help: it needs the model read and built to find its key, which is most of the work.

    Args:
        file: the model: a frozen TensorFlow graph (.pb) or OpenVINO's .xml with its .bin.
        recipe: everything that `build` depends on, in words.
        build: changes the model before it is compiled.
        options: from `openvino_options`.

    Raises:
        RuntimeError: if OpenVINO cannot run the model.
    """
    import openvino

    core = openvino_core()
    sources = [Path(__file__), Path(inspect.getfile(build)), file, file.with_suffix(".bin")]
    key = hashlib.sha256(
        json.dumps(
            [
                *(hashlib.sha256(source.read_bytes()).hexdigest() for source in sources if source.is_file()),
                recipe,
                sorted(options.items()),
                openvino.__version__,
                core.get_property("CPU", "FULL_DEVICE_NAME"),
                core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
            ]
        ).encode()
    ).hexdigest()
    entry = cache_folder() / "compiled" / f"{key[:32]}.blob"
    blob = load(entry)
    if blob is not None:
        with contextlib.suppress(RuntimeError):  # OpenVINO refuses it: compile again
            return core.import_model(io.BytesIO(blob), "CPU", options)
    compiled = core.compile_model(build(core.read_model(file)), "CPU", options)
    with contextlib.suppress(RuntimeError):  # this processor cannot export: compile at every start
        store(entry, compiled.export_model().getvalue(), most=MAX_COMPILED)
    return compiled


def native_precision() -> str:
    """Return what OpenVINO computes with by default on this processor: "f32", "bf16" or "f16"."""
    return openvino_core().get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()


class InferRequests:
    """A compiled model's inference requests, each with buffers that are used again and again.

    There are `frames_in_flight` + 1, so that no core waits; a model that processes one frame at a time has two, so that
    one result can be taken out while the next frame is processed. Any thread may use it.

    Args:
        compiled: the model.
        inputs: its inputs, in the order in which `start` receives their values.
        outputs: its outputs, in the order in which `take` receives them.
        frames_in_flight: 0: `start` waits for the result.
    """

    def __init__(
        self, compiled: openvino.CompiledModel, inputs: Sequence[Any], outputs: Sequence[Any], frames_in_flight: int
    ) -> None:
        self._wait_at_once = not frames_in_flight
        self._free: SimpleQueue[tuple[openvino.InferRequest, list[np.ndarray], list[np.ndarray]]] = SimpleQueue()
        for _ in range(max(frames_in_flight, 1) + 1):
            request = compiled.create_infer_request()
            input_buffers, output_buffers = ([request.get_tensor(port).data for port in p] for p in (inputs, outputs))
            self._free.put((request, input_buffers, output_buffers))

    def start(self, values: Sequence[np.ndarray], take: Callable[..., Image]) -> Callable[[], Image]:
        """Start an inference; block while all requests are in use.

        Args:
            values: one array for each input, of its shape.
            take: receives the outputs and returns what is to be kept of them: the buffers are overwritten later.

        Returns:
            A function, to be called at most once, that waits for the outputs and returns what `take` made of them.

        Raises:
            RuntimeError: if a value has another shape than its input.
        """
        request, input_buffers, output_buffers = entry = self._free.get()

        def finish() -> Image:
            try:
                request.wait()
                return take(*output_buffers)
            finally:
                release()

        def put_back() -> None:
            request.wait()
            self._free.put(entry)

        # Runs once: after `finish`, or when `finish` is garbage-collected without having been called.
        release = weakref.finalize(finish, put_back)
        release.atexit = False
        # Copied: passing an array to OpenVINO takes longer than this copy for a frame of 640x480.
        for buffer, value in zip(input_buffers, values, strict=True):
            if value.shape != buffer.shape:  # NumPy would broadcast some shapes
                raise RuntimeError(f"the model takes {buffer.shape}, not {value.shape}")
            buffer[...] = value
        request.start_async()
        if self._wait_at_once:
            request.wait()
        return finish
