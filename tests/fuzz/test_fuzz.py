"""Three hundred mutated inputs: each is read or refused in words; nothing crashes, hangs or shows a traceback."""

import sys

import pytest

from .runner import Worker, fuzz, is_find

SEED, COUNT = 2026, 300


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="reads the worker's answers through a selector, which needs a Unix")
def test_mutated_inputs_are_read_or_refused(tmp_path):
    results = list(fuzz(SEED, range(COUNT), tmp_path))
    assert [result for result in results if is_find(result)] == []
    outcomes = [result["outcome"] for result in results]
    assert outcomes.count("ok") > COUNT // 10 and outcomes.count("refused") > COUNT // 10


def test_a_traceback_a_crash_and_a_hang_are_finds(tmp_path, monkeypatch):
    """Or the harness would find nothing whatever happens."""
    from .inputs import Input

    with Worker(seconds=20) as worker:
        missing = worker.use(Input("image", tmp_path / "missing.png"))
        assert missing["outcome"] == "refused" and not is_find(missing)
        unknown = worker.use(Input("nothing of that kind", tmp_path))
        assert unknown["outcome"] == "traceback" and "KeyError" in unknown["told"] and is_find(unknown)
        process = worker._process
        process.kill()
        died = worker.use(Input("image", tmp_path / "missing.png"))
        assert died["outcome"] == "died" and is_find(died)
        assert worker.use(Input("image", tmp_path / "missing.png"))["outcome"] == "refused"  # a new one took over
