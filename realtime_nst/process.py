"""Settings of a process that belongs to this program alone: processors, threads, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FrameType

CPU_COUNT = "PYTHON_CPU_COUNT"


def available_cpus() -> int:
    """Return how many logical processors this process may run on.

    The process's CPU affinity (taskset, numactl, cpusets of a container) and PYTHON_CPU_COUNT may leave it fewer than
    the machine has. Systems without affinity report all processors.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(allowed, cpu_limit() or allowed)


def cpu_limit() -> int:
    """Return to how many processors PYTHON_CPU_COUNT limits this process; 0: no limit.

    Python 3.13 reads this variable too. Libraries do not: give them this number of threads, where 0 leaves it to them.
    """
    limit = os.environ.get(CPU_COUNT, "")
    return max(int(limit), 1) if limit.isdecimal() else 0


@contextlib.contextmanager
def confined(cpus: Sequence[int]) -> Generator[None, None, None]:
    """Confine the processes that are started meanwhile to `cpus`, on systems without CPU affinity to as many threads.

    This thread is confined too, until the end of the block. Other threads must not start processes meanwhile.

    Args:
        cpus: numbers of logical processors.
    """
    if hasattr(os, "sched_setaffinity"):
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus)
        try:
            yield
        finally:
            os.sched_setaffinity(0, own)
        return
    before = os.environ.get(CPU_COUNT)
    os.environ[CPU_COUNT] = str(len(cpus))
    try:
        yield
    finally:
        del os.environ[CPU_COUNT]
        if before is not None:
            os.environ[CPU_COUNT] = before


def available_memory() -> int:
    """Return how many bytes of memory processes can take without swapping, within the container's limit."""
    import psutil

    memory = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return memory


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
