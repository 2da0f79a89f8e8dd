"""Clips and scenes played in real time."""

import time

import pytest
from support.doubles import Numbered

from realtime_nst.sources.factory import open_source
from realtime_nst.sources.realtime import RealtimeSource


@pytest.fixture(scope="module")
def clip(made_clip):
    return made_clip("webcam.mkv")


def frames_of(source):
    return list(iter(source.read, None))


def test_live_it_plays_by_the_clock(clip):
    source = open_source(str(clip), live=True)
    assert source.live and source.size == (480, 640)
    began = time.perf_counter()
    first = source.read()
    for _ in range(5):
        frame = source.read()
        # Never early; how late depends on the machine.
        assert time.perf_counter() - began > frame.time - first.time - 0.002
    source.close()


def test_pacing_asks_for_nothing_but_the_time():
    source = RealtimeSource(Numbered(4))
    frames = frames_of(source)
    assert [f.time for f in frames] == [n / 30 for n in range(4)]
    assert (source.name, source.fps, source.size) == ("numbered", 30.0, (48, 64))
