"""The settings of the program's process, each observed in a separate process."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from realtime_nst.networks.runtimes.openvino_compile import openvino_options
from realtime_nst.process import available_cpus, available_memory, confined, cpu_limit

FAULTS = """
import resource, numpy as np
from realtime_nst.process import keep_freed_memory

def faults(rounds=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        one, other = np.ones(1_000_000, np.float32), np.ones(1_000_000, np.float32)
        del one, other
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / rounds

if given:
    keep_freed_memory()
faults()
print(faults())
"""


SPINNING = """
import contextlib, os, time
with contextlib.suppress(OSError, AttributeError):  # root's tests may go first, where others hold the processors
    os.nice(-15)
from realtime_nst.process import let_opencv_sleep

if given:
    let_opencv_sleep()
import cv2, numpy as np

def busy_ms(rounds=150):
    found = []
    for _ in range(rounds):
        before = time.process_time()
        cv2.resize(small, (640, 480))
        time.sleep(0.003)
        found.append(time.process_time() - before)
    # While other programs hold the processors, threads cannot spin: the rounds count in which they could.
    return np.quantile(found, 0.9) * 1000

cv2.setNumThreads(2)
small = np.zeros((240, 320, 3), np.float32)
busy_ms()
print(busy_ms())
"""


def without_and_with(script: str) -> list[float]:
    """Return what `script` prints in a separate process, without the setting and with it."""
    return [
        float(
            subprocess.run(
                [sys.executable, "-c", f"given = {given}\n{script}"], capture_output=True, text=True, check=True
            ).stdout
        )
        for given in (False, True)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is tuned, which only Linux has")
def test_memory_of_one_frame_serves_the_next():
    """Each page that the system hands out again costs a fault; 8 MB are 2000 pages."""
    before, after = without_and_with(FAULTS)
    assert after < 20 and after < before / 10


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere OpenCV uses the system's threads")
def test_opencv_s_threads_sleep_between_two_calls(monkeypatch):
    """Processor time, which other programs on the machine do not change much."""
    for waiting in ("WORKER", "MAIN"):
        monkeypatch.delenv(f"OPENCV_THREAD_POOL_ACTIVE_WAIT_{waiting}", raising=False)
    shares = []
    while len(shares) < 5 and not any(share < 0.7 for share in shares):  # other programs may hold all processors
        spinning, asleep = without_and_with(SPINNING)
        shares.append(asleep / spinning)
    if min(shares) >= 0.7 and os.getloadavg()[0] > 0.75 * available_cpus():
        pytest.skip("other programs hold the processors, so nothing can spin: run this test alone")
    assert min(shares) < 0.7, shares


def test_the_command_line_has_them_sleep_before_opencv_is_loaded():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, realtime_nst.cli.app as cli\n"
            "cli.let_opencv_sleep = lambda: print('cv2' in sys.modules)\n"
            "cli.main(['--version'])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "False"


def test_clips_leave_opencv_half_of_the_cores(tmp_path):
    """The command gets no clip, so that only its first steps run."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import cv2, os, realtime_nst.cli.app as cli\n"
            "import realtime_nst.process\n"
            "realtime_nst.process.available_cpus = lambda: 6\n"
            "try:\n"
            f"    cli.main(['clip', {str(tmp_path / 'none.mp4')!r}, '-o', 'out.mp4'])\n"
            "except SystemExit:\n"
            "    print(cv2.getNumThreads())",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["3"]


REQUESTED = """
import os, signal, threading
from realtime_nst.process import stopped_by_signals

received, stop = [], threading.Event()
signal.signal(signal.SIGHUP, lambda number, frame: received.append(number))
with stopped_by_signals(stop):
    os.kill(os.getpid(), signal.SIGHUP)
    assert stop.wait(5) and not received
    os.kill(os.getpid(), signal.SIGHUP)  # A second one has its usual effect.
    while not received:
        pass
os.kill(os.getpid(), signal.SIGHUP)
while len(received) < 2:
    pass
"""

IGNORED = """
import os, signal, threading
from realtime_nst.process import stopped_by_signals

signal.signal(signal.SIGHUP, signal.SIG_IGN)
stop = threading.Event()
with stopped_by_signals(stop):
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGHUP)
    assert not stop.is_set()
assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
class TestSignals:
    """Not in the process of the tests: TensorFlow gives its main thread a small stack for signal handlers."""

    def test_a_signal_requests_the_end_and_its_handler_comes_back(self):
        subprocess.run([sys.executable, "-c", REQUESTED], check=True, timeout=60)

    def test_a_signal_that_is_ignored_stays_ignored(self):
        """As after nohup."""
        subprocess.run([sys.executable, "-c", IGNORED], check=True, timeout=60)


def test_a_confined_block_gives_its_children_fewer_processors():
    ask = [sys.executable, "-c", "from realtime_nst.process import available_cpus; print(available_cpus())"]
    before = available_cpus()
    with confined([min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0]):
        assert subprocess.run(ask, capture_output=True, text=True).stdout == "1\n"
    assert available_cpus() == before


def test_without_affinity_the_number_of_threads_is_limited(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert (available_cpus(), cpu_limit()) == (8, 0)
    with confined([4, 5, 6]):
        assert (available_cpus(), cpu_limit()) == (3, 3)
        assert openvino_options()["INFERENCE_NUM_THREADS"] == 3
    assert (available_cpus(), cpu_limit()) == (8, 0)
    assert "INFERENCE_NUM_THREADS" not in openvino_options()
    monkeypatch.setenv("PYTHON_CPU_COUNT", "default")
    assert available_cpus() == 8


def test_available_memory_is_part_of_the_machines():
    assert 0 < available_memory() <= psutil.virtual_memory().total
