"""Functions in processes of their own: they end with the process that asked."""

import subprocess
import sys


def test_the_process_ends_when_nobody_waits_for_it_any_more():
    program = "from realtime_nst._isolated import end_with_parent; end_with_parent(); import time; time.sleep(120)"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        try:
            process.stdin.close()
            assert process.wait(60) == 1
        finally:
            process.kill()
