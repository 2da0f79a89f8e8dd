"""Where the time goes: the duration of each stage of a frame, frames per second, latency and memory."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import accumulate, islice
from pathlib import Path

import numpy as np

STAGES = ("capture", "decode", "prepare", "stylize", "finish", "show")
"""The stages of a frame, in order. Capture includes waiting for the camera, and decoding; only a network camera's JPEG
images are decoded later, when their turn comes."""


class DurationHistogram:
    """Percentiles of any number of durations in constant memory.

    Durations from 10 microseconds to 1000 seconds fall into bins that grow by 1 %, so that a percentile is exact to
    half a percent.
    """

    def __init__(self) -> None:
        self._counts = [0] * (1 + math.ceil(math.log(1e8, 1.01)))
        self._total = 0

    def add(self, seconds: float) -> None:
        """Count one duration, in seconds; one outside the range counts at the nearer end."""
        bin_ = math.log(max(seconds, 1e-5) / 1e-5, 1.01)
        self._counts[min(int(bin_), len(self._counts) - 1)] += 1
        self._total += 1

    def percentile_ms(self, percent: float) -> float:
        """Return the percentile in milliseconds; 0 if nothing was counted."""
        if not self._total:
            return 0.0
        rank = int(percent / 100 * (self._total - 1))
        bin_ = next(number for number, reached in enumerate(accumulate(self._counts)) if reached > rank)
        return round(1000 * 1e-5 * 1.01 ** (bin_ + 0.5), 3)


class Clock:
    """Durations of a run's stages and latencies. Any thread may write.

    Figures of a whole run come from histograms, so that memory stays flat however long the run lasts. The durations of
    the last `keep` frames, and the times of the frames shown in the last `window` seconds, are kept one by one.
    """

    def __init__(self, keep: int = 5_000, window: float = 60.0) -> None:
        self._lock = threading.Lock()
        self._window = window
        self._stages = {name: DurationHistogram() for name in STAGES}
        self._latency = DurationHistogram()
        self._recent_stages: dict[str, deque[float]] = {name: deque(maxlen=keep) for name in STAGES}
        self._recent_latencies: deque[float] = deque(maxlen=keep)
        self._shown: deque[float] = deque()

    @contextmanager
    def stage(self, name: str) -> Generator[None, None, None]:
        """Time the body of a `with` statement as one frame's stage `name`, unless it raises."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        with self._lock:
            self._stages[name].add(seconds)
            self._recent_stages[name].append(seconds)

    def shown(self, captured: float) -> None:
        """Note that every sink has taken the frame that was captured at `captured` (time.perf_counter)."""
        now = time.perf_counter()
        with self._lock:
            self._latency.add(now - captured)
            self._recent_latencies.append(now - captured)
            self._shown.append(now)
            while self._shown[0] < now - self._window:
                self._shown.popleft()

    def stages_ms(self, last: int | None = None) -> dict[str, float]:
        """Return the median milliseconds of each stage, over the whole run or the `last` frames (`keep` at most)."""
        with self._lock:
            if last is None:
                return {name: histogram.percentile_ms(50) for name, histogram in self._stages.items()}
            recent = {name: _last(times, last) for name, times in self._recent_stages.items()}
        return {name: _percentile_ms(times, 50) for name, times in recent.items()}

    def latency_ms(self, last: int | None = None) -> dict[str, float]:
        """Return the median, 95th and 99th percentile of the milliseconds from capture to shown.

        They cover the whole run, or the `last` frames (`keep` at most).
        """
        with self._lock:
            if last is None:
                return {f"p{percent}": self._latency.percentile_ms(percent) for percent in (50, 95, 99)}
            recent = _last(self._recent_latencies, last)
        return percentiles_ms(recent)

    def recent_fps(self, over: float = 2.0) -> float:
        """Return the frames per second shown during the last `over` seconds (`window` at most)."""
        now = time.perf_counter()
        with self._lock:
            recent = [at for at in self._shown if at > now - over]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0


def _last(durations: deque[float], count: int) -> list[float]:
    return list(islice(durations, max(len(durations) - count, 0), None))


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, 95th and 99th percentile of durations, in milliseconds."""
    return {f"p{percent}": _percentile_ms(seconds, percent) for percent in (50, 95, 99)}


def _percentile_ms(seconds: Sequence[float], percent: float) -> float:
    return round(1000 * float(np.percentile(seconds, percent)), 3) if seconds else 0.0


def peak_rss_mb() -> float:
    """Return the most memory that this process has held at once, in MB (2**20 bytes)."""
    if sys.platform == "win32":
        return _peak_windows() / 2**20
    # On Linux ru_maxrss is inherited across fork and exec.
    held = _proc_mb("VmHWM")
    if held is not None:
        return held
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def rss_mb() -> float | None:
    """Return the memory that this process holds now, in MB (2**20 bytes); None if the system does not say."""
    return _proc_mb("VmRSS")


def _proc_mb(name: str) -> float | None:
    """Read a field of /proc/self/status, in MB; None where there is none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 2**10 for line in lines if line.startswith(f"{name}:")), None)


def _peak_windows() -> int:
    assert sys.platform == "win32"  # tells type checkers, which know ctypes.WinDLL there only
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
