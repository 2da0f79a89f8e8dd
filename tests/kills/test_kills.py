"""A few kills of the many that are made by hand before a release."""

import sys

import pytest

from .runner import kill_runs


@pytest.mark.skipif(sys.platform == "win32", reason="starts processes by fork")
def test_kills_at_random_never_lose_what_was_finished(tmp_path):
    kills = list(kill_runs(33, 6, tmp_path))
    assert [kill for kill in kills if kill.find] == []
    assert sum(kill.resumed for kill in kills) > 1
