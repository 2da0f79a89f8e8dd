"""What is set once in the program's process, seen from a process of its own."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, numpy as np
from realtime_nst.process import keep_freed_memory

def faults(rounds=20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        one, other = np.ones(1_000_000, np.float32), np.ones(1_000_000, np.float32)
        del one, other
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / rounds

if keep:
    keep_freed_memory()
faults()
print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is tuned, which only Linux has")
def test_memory_of_one_frame_serves_the_next():
    """A page that the system gives anew costs a fault; 8 MB are 2000 pages."""
    before, after = (
        float(subprocess.run([sys.executable, "-c", f"keep = {keep}\n{SCRIPT}"], capture_output=True, text=True,
                             check=True).stdout)
        for keep in (False, True)
    )
    assert after < 20 and after < before / 10
