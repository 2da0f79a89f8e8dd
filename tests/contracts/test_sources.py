"""What every source promises, tested on each of them. A new source is one entry in SOURCES."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest
from support.doubles import Capture, Numbered
from support.file_server import served
from support.scenes import scene_frames

from realtime_nst.bench.camera_server import camera_server
from realtime_nst.errors import StylizeError
from realtime_nst.interfaces import Source
from realtime_nst.sources.camera_devices import open_device
from realtime_nst.sources.clip import ClipSource
from realtime_nst.sources.demo import DemoSource
from realtime_nst.sources.realtime import RealtimeSource
from realtime_nst.sources.streams.opening import open_url

FRAMES = 20
"""How many frames are read of a source that has no end."""


class Given:
    """What the makers of sources may use."""

    def __init__(self, made_clip: Callable, stack: contextlib.ExitStack):
        self.clip = made_clip
        self.stack = stack

    def camera_url(self) -> str:
        """The address of a network camera that sends the built-in scene."""
        images = [frame.image for frame in scene_frames(10, (120, 160))]
        return self.stack.enter_context(camera_server(images, fps=100)).url

    def file_url(self, name: str) -> str:
        """The address of a generated clip behind a web server."""
        return self.stack.enter_context(served(self.clip(name)))


SOURCES: dict[str, Callable[[Given], Source]] = {
    "demo": lambda given: DemoSource((48, 64)),
    "clip": lambda given: ClipSource(given.clip("plain.mp4")),
    "rotated clip": lambda given: ClipSource(given.clip("turned_90.mov")),
    "transparent clip": lambda given: ClipSource(given.clip("transparent.webm")),
    "part of a clip": lambda given: ClipSource(given.clip("plain.mp4"), 0.5, 1.0),
    "clip in real time": lambda given: RealtimeSource(ClipSource(given.clip("three_frames.mov"))),
    "clip behind a URL": lambda given: open_url(given.file_url("hevc.mp4"), timeout=5),
    "network camera": lambda given: open_url(given.camera_url(), timeout=5),
    "camera": lambda given: open_device("0", new_capture=partial(Capture, opens=(0,))),
    "test kit": lambda given: Numbered(12),
}

ENDLESS = ("demo", "network camera", "camera")


@pytest.fixture(params=SOURCES)
def name(request) -> str:
    return request.param


@pytest.fixture
def source(name, made_clip) -> Iterator[Source]:
    with contextlib.ExitStack() as stack:
        source = SOURCES[name](Given(made_clip, stack))
        stack.callback(source.close)
        yield source


def read(source: Source, name: str) -> list:
    """All frames of a source, or some of one without an end."""
    if name in ENDLESS:
        return [source.read() for _ in range(FRAMES)]
    return list(iter(source.read, None))


def test_frames_are_what_frames_are_said_to_be(source, name):
    """uint8, BGR, C-contiguous, of the promised size, at times that never go back."""
    frames = read(source, name)
    assert len(frames) > 2
    for frame in frames:
        assert frame.image.dtype == np.uint8 and frame.image.flags.c_contiguous
        assert frame.image.shape == (*source.size, 3)
    times = [float(frame.time) for frame in frames]
    assert times == sorted(times) and times[0] >= 0


def test_it_states_its_name_rate_and_size(source):
    assert isinstance(source.name, str) and source.name
    assert 1 < source.fps < 1000
    assert isinstance(source.live, bool)
    height, width = source.size
    assert height > 0 and width > 0


def test_frames_come_at_the_stated_rate(source, name):
    """By the frames' own times. A camera's rate is measured, and must match what it sends even on a busy machine."""
    times = [frame.time for frame in read(source, name)]
    interval = (times[-1] - times[0]) / (len(times) - 1)
    assert interval == pytest.approx(1 / source.fps, rel=0.02 if not source.live or "clip" in name else 1.0)


def test_a_frame_stays_as_it_is_while_others_are_read(source, name):
    first = source.read()
    kept = first.image.copy()
    for _ in range(2):
        source.read()
    np.testing.assert_array_equal(first.image, kept)


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in ENDLESS], indirect=True)
def test_after_the_end_there_is_nothing_however_often_one_asks(source, name):
    read(source, name)
    assert [source.read() for _ in range(3)] == [None] * 3


def test_it_may_be_closed_again_and_before_its_end(source):
    source.read()
    source.close()
    source.close()


def test_reading_a_closed_source_crashes_nothing(source):
    """FFmpeg's memory is gone by then: an end, or an error that the program reports, must come instead."""
    source.read()
    source.close()
    with contextlib.suppress(StylizeError):
        frame = source.read()
        assert frame is None or frame.image.shape == (*source.size, 3)


def test_a_with_block_closes_it(source):
    closed = []
    close = source.close
    source.close = lambda: (closed.append(True), close())
    with source as entered:
        assert entered is source and source.read() is not None
    assert closed
