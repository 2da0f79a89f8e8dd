"""Which device a network runs on, determined without loading a runtime where possible."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from ...errors import DeviceError
from ...process import available_cpus

if TYPE_CHECKING:
    import openvino

DeviceKind: TypeAlias = Literal["cpu", "gpu"]


def choose_device(requested: str) -> tuple[DeviceKind, tuple[str, ...]]:
    """Choose the device for "auto", "cpu" or "gpu".

    TensorFlow is loaded only if there is a card that it might use.

    Returns:
        The device, and notices for the user about the choice.

    Raises:
        DeviceError: if a GPU was requested and TensorFlow cannot use one, or the device is none of these.
    """
    if requested not in ("auto", "cpu", "gpu"):
        raise DeviceError(f"a device is auto, cpu or gpu, not {requested!r}")
    if requested == "cpu":
        return "cpu", ()
    card = graphics_card()
    if card and tensorflow_gpu():
        return "gpu", ()
    if requested == "gpu":
        raise DeviceError(
            f"--device gpu: {_missing(card)} Looked for an NVIDIA driver (libcuda), an AMD one (/dev/kfd) "
            f"and tensorflow-metal{', and asked TensorFlow' if card else ''}. {_advice()} Or use --device cpu."
        )
    if card:
        return "cpu", (f"{_missing(card)} Running on the CPU. {_advice()}",)
    return "cpu", ()


def graphics_card() -> str | None:
    """Return the name of a graphics card that some build of TensorFlow could use, from its driver; None if none."""
    if sys.platform == "darwin":
        from importlib import metadata

        try:
            return f"the Apple GPU (tensorflow-metal {metadata.version('tensorflow-metal')})"
        except metadata.PackageNotFoundError:
            return None
    return _nvidia_card() or ("an AMD GPU (/dev/kfd)" if Path("/dev/kfd").exists() else None)


def _nvidia_card() -> str | None:
    """Return the first NVIDIA card according to CUDA's driver API (cuInit, cuDeviceGetName)."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(device), 0):
        return None
    if driver.cuDeviceGetName(name, len(name), device):
        return "an NVIDIA GPU"
    return name.value.decode(errors="replace")


def tensorflow_gpu() -> str | None:
    """Return the name of the GPU that TensorFlow uses; None if it has none. Imports TensorFlow.

    Sets its memory to grow on demand: by default TensorFlow takes all of the card's memory at once.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    with contextlib.suppress(RuntimeError):  # the caller's program has initialized TensorFlow: its settings stand
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", gpus[0].name)


@functools.cache
def openvino_core() -> openvino.Core:
    """Return the process's one OpenVINO core, which lives until the process ends.

    On processors with AMX, OpenVINO's CPU plugin gives the thread that loads it an alternate signal stack, and frees it
    with the last core and model that use the plugin. The thread keeps pointing to it: the next Ctrl-C would be a
    segmentation fault, with every recording unfinished.

    Raises:
        ImportError: if OpenVINO is not installed.
    """
    import openvino

    return openvino.Core()


def cpu_name() -> str:
    """Return the processor's name, such as "AMD EPYC"; its architecture if OpenVINO is not installed."""
    try:
        name = openvino_core().get_property("CPU", "FULL_DEVICE_NAME")
    except (ImportError, RuntimeError):
        name = platform.processor() or platform.machine()
    return re.sub(r"\s+", " ", re.sub(r"\((R|TM)\)", "", name)).strip()


def choose_frames_in_flight(throughput: bool, max_streams: int = 4) -> int:
    """Return how many more frames a CPU is given before the first one is waited for.

    Args:
        throughput: process several frames at once, one per available processor, plus one that waits its turn.
        max_streams: upper limit of frames processed at once; each needs memory of its own.

    Returns:
        0 without `throughput` or on a single processor, where all processors share one frame.
    """
    streams = min(available_cpus(), max_streams)
    return streams + 1 if throughput and streams > 1 else 0


def _missing(card: str | None) -> str:
    if card:
        return f"TensorFlow cannot use {card}."
    return "there is no GPU that TensorFlow can use."


def _advice() -> str:
    if sys.platform == "win32":
        return "TensorFlow has had no GPU on native Windows since 2.11: install this program inside WSL2."
    if sys.platform == "darwin":
        return "On a Mac, pip install tensorflow-metal."
    return (
        "On Linux and WSL2 with an NVIDIA card, install the card's driver and pip install "
        "'tensorflow[and-cuda]' (nvidia-smi must list the card). "
        "TensorFlow has had no GPU on native Windows since 2.11: use WSL2 there."
    )
