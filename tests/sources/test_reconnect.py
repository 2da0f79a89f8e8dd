"""Cameras and streams that go away and come back."""

import contextlib
import time

import cv2
import numpy as np
import pytest
from support.network_camera import network_camera

from realtime_nst.errors import RunError, SourceError
from realtime_nst.frames import Frame
from realtime_nst.sources.factory import open_source
from realtime_nst.sources.guarded import LostError
from realtime_nst.sources.reconnect import ReconnectingSource

GREYS = [np.full((48, 64, 3), level, np.uint8) for level in (100, 140, 180)]
OTHER = [np.full((48, 64, 3), 30, np.uint8)]


def reconnecting(url, **options) -> ReconnectingSource:
    source = open_source(url, **options)
    assert isinstance(source, ReconnectingSource)
    return source


def read_until(source, condition, limit=30.0):
    """Read until `condition(frame)`; return all frames."""
    frames, deadline = [], time.monotonic() + limit
    while not frames or not condition(frames[-1]):
        assert time.monotonic() < deadline, source.waiting
        frames.append(source.read())
    return frames


class TestANetworkCamera:
    def test_it_is_waited_for_and_time_goes_on(self):
        with network_camera(GREYS) as camera, contextlib.closing(reconnecting(camera.url, reconnect=30)) as source:
            began = time.perf_counter() - source.read().time
            before = read_until(source, lambda frame: frame.time > 0.2)
            assert source.waiting == ""
            camera.off()
            still = read_until(source, lambda _: len(source.messages) == 1 and source.waiting)
            still += [source.read() for _ in range(3)]
            (lost,) = source.messages
            assert lost == f"{camera.url} has ended or was unplugged; waiting up to 30 s for it"
            assert source.waiting.startswith(f"{camera.url} has ended or was unplugged: waiting for it (")
            assert all(np.array_equal(frame.image, still[-1].image) for frame in still[-3:]), "the last one"
            camera.jpegs[:] = [network_jpeg(OTHER[0])]
            camera.on()
            back = read_until(source, lambda frame: frame.image.mean() < 50)
            assert source.waiting == "" and source.messages[1].startswith(f"{camera.url} is back after ")
            times = [frame.time for frame in [*before, *still, *back]]
            assert times == sorted(times)
            assert times[-1] == pytest.approx(time.perf_counter() - began, abs=0.5), "by the wall clock"

    def test_one_that_does_not_come_back_is_an_error(self):
        with network_camera(GREYS) as camera, contextlib.closing(reconnecting(camera.url, reconnect=0.7)) as source:
            source.read()
            camera.off()
            with pytest.raises(RunError, match=r"did not come back within 0\.7 s .*refuses connections.*--reconnect"):
                read_until(source, lambda _: False)

    def test_without_patience_it_ends_at_once(self):
        with network_camera(GREYS) as camera, contextlib.closing(reconnecting(camera.url)) as source:
            source.read()
            camera.off()
            with pytest.raises(LostError, match="has ended or was unplugged; check its cable or network"):
                read_until(source, lambda _: False)
            assert source.messages == []


def network_jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


class Scripted:
    """A live source whose reads are given: a level of grey, None for the end, or an error."""

    live, faces_user, name, fps, size, timeout = True, True, "camera 0", 30.0, (2, 2), 5.0

    def __init__(self, *script):
        self.script = list(script)
        self.began = None
        self.closed = False

    def read(self):
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Exception):
            raise step
        if step is None:
            return None
        now = time.perf_counter()
        self.began = self.began or now
        time.sleep(0.005)
        return Frame(np.full((2, 2, 3), step, np.uint8), now - self.began)

    def close(self):
        self.closed = True


def test_every_source_is_closed_and_failed_attempts_are_repeated():
    lost = LostError("camera 0 has ended or was unplugged")
    sources = [Scripted(*range(5), lost), SourceError("busy"), Scripted(*range(5), lost), Scripted(7, 7)]
    first, attempts = sources[0], iter(sources[1:])

    def reopen():
        source = next(attempts)
        if isinstance(source, Exception):
            raise source
        return source

    source = ReconnectingSource(first, reopen, 30)
    frames = list(iter(source.read, None))
    source.close()
    assert frames[-1].image.mean() == 7
    assert all(each.closed for each in sources if isinstance(each, Scripted))
    assert [each.split(";")[0] for each in source.messages] == [
        "camera 0 has ended or was unplugged",
        "camera 0 is back after 1 s",
        "camera 0 has ended or was unplugged",
        "camera 0 is back after 0 s",
    ]


def test_a_frame_that_was_queued_before_anybody_read_is_not_shown():
    source = ReconnectingSource(Scripted(*range(30), None), lambda: pytest.fail("opened again"), 0)
    time.sleep(0.1)
    assert source.read().image.mean() > 5
    source.close()
