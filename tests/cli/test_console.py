"""What is printed while several clips are under way."""

from pathlib import Path

import pytest
from support.clip_files import OPTIONS

from realtime_nst.cli.console import BatchDisplay
from realtime_nst.errors import RunError
from realtime_nst.offline.batch import Failed, Finished, Notice, Progressed, Started
from realtime_nst.offline.job import ClipJob

A, B, C = (ClipJob(Path(f"{name}.mov"), Path(f"{name}.mp4"), (), options=OPTIONS) for name in "abc")


@pytest.mark.parametrize("terminal", [False, True])
def test_results_go_to_standard_output_and_the_rest_to_standard_error(monkeypatch, capsys, terminal):
    monkeypatch.setenv("TTY_COMPATIBLE", "1" if terminal else "0")
    with BatchDisplay(3) as display:
        for event in (
            *(Notice("model fast"), Started(A), Started(B), Progressed(A, 0.5, 1.0), Progressed(B, 0.2, 1.0)),
            *(Progressed(A, 1.0, 1.0), Finished(A, A.output), Started(C), Failed(B, RunError("b was killed"))),
            *(Progressed(C, 1.0, 1.0), Finished(C, C.output)),
        ):
            display(event)
    printed = capsys.readouterr()
    assert printed.out == "a.mp4\nc.mp4\n"
    assert "model fast" in printed.err and "b.mov: b was killed" in printed.err
    assert ("2 of 3 clips are done" in printed.err) != terminal
    assert ("━" in printed.err) == terminal
