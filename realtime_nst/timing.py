"""Where the time goes: the duration of each stage of a frame, frames a second, latency, memory."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

STAGES = ("capture", "decode", "prepare", "stylize", "finish", "show")
"""The stages of a frame, in order. Capture includes waiting for the camera, and decoding except of a network camera's
JPEG pictures, which are decoded when their turn comes."""


class Clock:
    """Durations of stages, written by any thread.

    The last `keep` frames are kept, so that memory stays flat however long a run lasts.
    """

    def __init__(self, keep: int = 5_000) -> None:
        self._lock = threading.Lock()
        self._stages: dict[str, deque[float]] = {name: deque(maxlen=keep) for name in STAGES}
        self._latencies: deque[float] = deque(maxlen=keep)
        self._shown: deque[float] = deque(maxlen=120)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of a `with` as one frame's stage `name`."""
        began = time.perf_counter()
        yield
        with self._lock:
            self._stages[name].append(time.perf_counter() - began)

    def shown(self, captured: float) -> None:
        """Note that the frame captured at `captured` (time.perf_counter) has been handed to every sink."""
        now = time.perf_counter()
        with self._lock:
            self._latencies.append(now - captured)
            self._shown.append(now)

    def stages_ms(self, last: int | None = None) -> dict[str, float]:
        """Median milliseconds of each stage, of the `last` frames or of all that are kept."""
        with self._lock:
            kept = {name: list(times) for name, times in self._stages.items()}
        return {name: _percentile_ms(times[-last:] if last else times, 50) for name, times in kept.items()}

    def latency_ms(self, last: int | None = None) -> dict[str, float]:
        """Milliseconds from capture to shown, of the `last` frames or all kept: median, 95th and 99th percentile."""
        with self._lock:
            kept = list(self._latencies)
        return percentiles_ms(kept[-last:] if last else kept)

    def recent_fps(self, over: float = 2.0) -> float:
        """Frames a second shown during the last `over` seconds."""
        now = time.perf_counter()
        with self._lock:
            recent = [at for at in self._shown if at > now - over]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0


def percentiles_ms(seconds: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile of durations, in milliseconds."""
    return {f"p{percent}": _percentile_ms(seconds, percent) for percent in (50, 95, 99)}


def _percentile_ms(seconds: list[float], percent: float) -> float:
    return round(1000 * float(np.percentile(seconds, percent)), 3) if seconds else 0.0


def peak_rss_mb() -> float:
    """The most memory that this process has held at once, in MB (2**20 bytes)."""
    if sys.platform == "win32":
        return _peak_windows() / 2**20
    # On Linux getrusage begins with what the process held that started this one.
    held = _proc_mb("VmHWM")
    if held is not None:
        return held
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def rss_mb() -> float | None:
    """The memory that this process holds now, in MB (2**20 bytes); None where the system does not tell."""
    return _proc_mb("VmRSS")


def _proc_mb(name: str) -> float | None:
    """What Linux says of this process under `name`, in MB; None elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 2**10 for line in lines if line.startswith(f"{name}:")), None)


def _peak_windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = [("cb", wintypes.DWORD), ("PageFaultCount", wintypes.DWORD)] + [
            (name, ctypes.c_size_t)
            for name in (
                "PeakWorkingSetSize",
                "WorkingSetSize",
                "QuotaPeakPagedPoolUsage",
                "QuotaPagedPoolUsage",
                "QuotaPeakNonPagedPoolUsage",
                "QuotaNonPagedPoolUsage",
                "PagefileUsage",
                "PeakPagefileUsage",
            )
        ]

    counters = Counters(cb=ctypes.sizeof(Counters))
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.POINTER(Counters), wintypes.DWORD]
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return counters.PeakWorkingSetSize
