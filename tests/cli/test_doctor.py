"""`realtime-nst doctor` as a user runs it."""

import os
import subprocess
import sys


def doctor(**environment):
    return subprocess.run(
        [sys.executable, "-m", "realtime_nst", "doctor"], env=os.environ | environment, capture_output=True, text=True
    )


def test_a_machine_that_runs_the_program_has_no_problems(tmp_path):
    done = doctor(HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "model fast" in done.stdout and "20 of 20 can be read" in done.stdout
    assert str(tmp_path) not in done.stdout and "~/" in done.stdout


def test_a_problem_is_told_with_what_to_do_and_exit_code_1():
    done = doctor(REALTIME_NST_CACHE="/proc/cache")
    assert done.returncode == 1
    assert "problem" in done.stdout and "/proc/cache cannot be written" in done.stdout
    assert "1 problem was found" in done.stderr and "Traceback" not in done.stderr
