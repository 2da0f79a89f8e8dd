"""Settings of a process that belongs to this program alone: processors, threads, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from types import FrameType


def available_cpus() -> int:
    """Return how many logical processors this process may run on.

    The process's CPU affinity (taskset, numactl, cpusets of a container) may leave it fewer than the machine has.
    Systems without affinity report all processors.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    return os.cpu_count() or 1


def yield_to_others() -> None:
    """Give this process the lowest priority: it computes only where others leave a processor idle."""
    if sys.platform == "win32":
        idle_priority_class = 0x40
        ctypes.windll.kernel32.SetPriorityClass(ctypes.windll.kernel32.GetCurrentProcess(), idle_priority_class)
        return
    os.nice(19)
    if hasattr(os, "sched_setscheduler"):
        with contextlib.suppress(OSError):  # Some containers forbid it.
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def quiet_runtimes() -> None:
    """Silence TensorFlow's start-up log and OpenVINO's telemetry. Call it before either is imported."""
    # TensorFlow's own start-up log; its errors are Python's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # OpenVINO's model converter is not used here. It takes more than half of OpenVINO's import time and reports every
    # import to Intel over the network. None makes its import fail.
    sys.modules.setdefault("openvino.tools.ovc", None)  # pyright: ignore[reportArgumentType]


def let_opencv_sleep() -> None:
    """Disable OpenCV's busy-waiting. Call it before OpenCV is imported; child processes inherit it.

    By default OpenCV's threads spin for half a millisecond after each call, in case another one comes, which cost 3 to
    10 % of live throughput: the network's threads need the cores. Windows and macOS use their own thread pools, where
    this changes nothing.
    """
    for thread in ("WORKER", "MAIN"):
        os.environ.setdefault(f"OPENCV_THREAD_POOL_ACTIVE_WAIT_{thread}", "0")


def halve_opencv_threads() -> None:
    """Limit OpenCV to half of the cores, for clips: with clips the network always has frames for all cores.

    On two cores this gave clips 2 % more frames per second. Live video has lower latency with all cores.
    """
    import cv2

    cv2.setNumThreads(max(available_cpus() // 2, 1))


def keep_freed_memory() -> None:
    """Make glibc reuse a frame's memory for the next frame instead of returning it to the system.

    The system clears returned memory page by page when it is requested again: at 640x480 that took a fifth of the time
    of a stylized frame. Other C libraries are left alone.
    """
    trim_threshold, mmap_threshold = -1, -3  # glibc's malloc.h
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_threshold, 32 << 20)  # the largest value allowed: larger blocks are still returned at once
        libc.mallopt(trim_threshold, 256 << 20)


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Generator[None, None, None]:
    """Set `stop` on Ctrl-C, SIGTERM or a closed terminal, so that files get finished; a second one ends at once.

    A signal that was ignored when the program started (nohup) stays ignored. On other threads than the main one, which
    alone may handle signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int] = {}

    def request_stop(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, previous[number])

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if not hasattr(signal, name):
            continue
        number = getattr(signal, name)
        handler = signal.getsignal(number)
        # None: a handler that is not Python's, which could not be restored.
        if handler is not None and handler is not signal.SIG_IGN:
            previous[number] = handler
            signal.signal(number, request_stop)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
