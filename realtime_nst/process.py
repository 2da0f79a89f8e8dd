"""What is set once in a process that is all this program's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys


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


def quiet_runtimes() -> None:
    """Keep TensorFlow and OpenVINO to running networks. To be called before either is imported."""
    # TensorFlow's own start-up log, not its errors: those are Python's.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # OpenVINO's model converter, which is not called here, is over half of OpenVINO's import and reports it
    # to Intel over the network.
    sys.modules.setdefault("openvino.tools.ovc", None)


def let_opencv_sleep() -> None:
    """Let OpenCV's threads sleep when they wait. To be called before it is imported; processes that this one starts
    inherit it. On Windows and macOS, whose own threads it uses, nothing changes.

    They spin for a while first, in case another call comes: half a millisecond of a core after each, at the cost of the
    network's threads. Without that a live loop made 3 to 10 % more frames.
    """
    for waiting in ("WORKER", "MAIN"):
        os.environ.setdefault(f"OPENCV_THREAD_POOL_ACTIVE_WAIT_{waiting}", "0")


def halve_opencv_threads() -> None:
    """Let OpenCV work on half of the cores, for clips: there the network always has frames for all of them. On two
    cores that made 2 % more frames; a live video is shown the sooner for all of them.
    """
    import cv2

    cv2.setNumThreads(max(available_cpus() // 2, 1))


def keep_freed_memory() -> None:
    """Let glibc hand a frame's memory to the next frame instead of back to the system. Elsewhere nothing is done.

    The system clears what it gives anew, page by page: at 640x480 that was a fifth of the time of a stylized frame.
    """
    trim_threshold, mmap_threshold = -1, -3  # glibc's malloc.h
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_threshold, 32 << 20)  # the most it takes: larger pieces still go back at once
        libc.mallopt(trim_threshold, 256 << 20)
