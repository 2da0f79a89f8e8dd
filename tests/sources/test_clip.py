"""Clips as sources: every frame with its time."""

import av
import pytest

from realtime_nst.sources.factory import open_source


@pytest.fixture(scope="module")
def clip(made_clip):
    return made_clip("webcam.mkv")


def frames_of(source):
    return list(iter(source.read, None))


def test_a_clip_gives_every_frame_with_its_time(clip):
    source = open_source(str(clip), live=False)
    frames = frames_of(source)
    source.close()
    with av.open(str(clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert not source.live and source.size == (480, 640)
    assert [f.time for f in frames] == pytest.approx(times, abs=1e-3)
