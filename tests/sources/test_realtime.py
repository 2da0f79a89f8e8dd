"""Clips and scenes played in real time."""

import threading
import time

import numpy as np
import pytest
from support.doubles import Kept, MeanColour, Numbered

from realtime_nst.frames import RenderParams
from realtime_nst.pipeline import run
from realtime_nst.sources.factory import open_source
from realtime_nst.sources.realtime import RealtimeSource
from realtime_nst.stylizer import Stylizer
from realtime_nst.testing import NumberedSource


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


class Timed(Numbered):
    """Frames at given times."""

    def __init__(self, *times):
        super().__init__(len(times))
        self.times = times

    def read(self):
        frame = super().read()
        return frame and frame._replace(time=self.times[self.given - 1])


def test_a_clock_that_jumps_goes_on():
    """Neither a gap of an hour nor a clock that is set back holds up the frames or repeats a time."""
    frames = frames_of(RealtimeSource(Timed(5.0, 5.1, 3605.1, 3605.2, 0.0, 0.1)))
    assert [f.time for f in frames] == pytest.approx([5.0, 5.1, 5.2, 5.3, 5.4, 5.5])


def test_a_source_that_pauses_moves_the_clock():
    """What comes late is played at its own pace, not all at once."""

    class Pausing(Timed):
        def read(self):
            time.sleep(0.8 if self.given == 1 else 0)
            return super().read()

    frames = frames_of(RealtimeSource(Pausing(0.0, 0.1, 0.2)))
    assert frames[1].time > 0.75 and frames[2].time - frames[1].time == pytest.approx(0.1)


def test_the_wait_for_a_frame_ends_with_the_run():
    """A thread that outlives the run would hold up the end of the process."""
    source = RealtimeSource(Timed(0.0, 50.0))
    run(source, Stylizer(MeanColour()), [Kept()], lambda _: RenderParams(None), live=True, frames=1)
    assert "capture" not in [thread.name for thread in threading.enumerate()]


def test_a_clip_that_loops_begins_again_and_its_times_go_on():
    opened = []

    def again():
        opened.append(NumberedSource(3))
        return opened[-1]

    first = NumberedSource(3)
    source = RealtimeSource(first, again=again)
    frames = [source.read() for _ in range(8)]
    assert [frame.image[0, 0, 0] for frame in frames] == [0, 1, 2, 0, 1, 2, 0, 1]
    assert np.diff([frame.time for frame in frames]) == pytest.approx([1 / 30] * 7, abs=0.02)
    assert first.closed.is_set() and len(opened) == 2
    source.close()
    assert opened[1].closed.is_set()


def test_a_clip_without_frames_does_not_loop_for_ever():
    assert RealtimeSource(NumberedSource(0), again=lambda: NumberedSource(0)).read() is None
