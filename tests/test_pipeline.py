"""The loop: which frames are dropped, and how failures and limits end a run."""

import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from support.doubles import Kept, MeanColour, Numbered

from realtime_nst._queue import FrameQueue, QueueClosed
from realtime_nst.errors import CorruptFrameError, RunError
from realtime_nst.frames import Frame
from realtime_nst.pipeline import RenderParams, run, same_image
from realtime_nst.sources.streams.jpeg import EncodedFrame
from realtime_nst.stylizer import Stylizer

CODE = np.array([0, 0, 0], np.float32)


def styled(_frame):
    return RenderParams(CODE)


def unstyled(_frame):
    return RenderParams(None)


def test_a_clip_loses_no_frame_and_keeps_order_and_times():
    source, sink = Numbered(50), Kept()
    stats = run(source, Stylizer(MeanColour()), [sink], styled, live=False, deflicker=False)
    # The double goes half way to black; a half is rounded either way.
    np.testing.assert_allclose([f.image[0, 0, 0] for f in sink.frames], np.arange(50) / 2, atol=0.5)
    assert [f.time for f in sink.frames] == [n / 30 for n in range(50)]
    assert (stats.frames, stats.dropped) == (50, 0)


def test_a_clip_is_read_no_faster_than_it_is_shown():
    source = Numbered(1000)
    frames_in_flight = []

    class Slow(Kept):
        def write(self, frame):
            super().write(frame)
            time.sleep(0.005)
            frames_in_flight.append(source.given - len(self.frames))

    run(source, Stylizer(MeanColour()), [Slow()], unstyled, live=False, frames=60)
    assert max(frames_in_flight) <= 12


def test_live_shows_the_newest_frame_and_counts_the_others():
    class Ticking(Numbered):
        def read(self):
            time.sleep(0.004)
            return super().read()

    class Slow(Kept):
        def write(self, frame):
            super().write(frame)
            time.sleep(0.03)

    source, sink = Ticking(200, live=True), Slow()
    stats = run(source, Stylizer(MeanColour()), [sink], unstyled, live=True)
    times = [f.time for f in sink.frames]
    assert times == sorted(times) and len(set(times)) == len(times)
    assert stats.dropped > 0 and stats.frames + stats.dropped == 200
    assert stats.frames == len(sink.frames)


@pytest.mark.parametrize("live", [False, True])
def test_a_number_of_frames(live):
    source, sink = Numbered(10**9, live=live), Kept()
    stats = run(source, Stylizer(MeanColour()), [sink], unstyled, live=live, frames=7)
    assert stats.frames == len(sink.frames) == 7
    assert source.closed.wait(1) and sink.closed == 1


def test_seconds_are_the_streams_own():
    sink = Kept()
    run(Numbered(1000), Stylizer(MeanColour()), [sink], unstyled, live=False, seconds=2.0)
    assert len(sink.frames) == 60


def test_a_set_stop_ends_the_run_and_closes_everything():
    stop = threading.Event()

    class Stopping(Kept):
        def write(self, frame):
            super().write(frame)
            if len(self.frames) == 5:
                stop.set()

    source, sink = Numbered(10**9), Stopping()
    stats = run(source, Stylizer(MeanColour()), [sink], unstyled, live=False, stop=stop)
    assert stats.frames == 5 and sink.closed == 1
    assert source.closed.wait(1)


def test_mirror_and_no_style():
    class Half(Numbered):
        def read(self):
            frame = super().read()
            if frame is not None:
                frame.image[:, :32] = 200
            return frame

    sink = Kept()
    run(Half(1), Stylizer(MeanColour()), [sink], lambda _f: RenderParams(None, mirror=True), live=False)
    assert sink.frames[0].image[0, 0, 0] == 0 and sink.frames[0].image[0, -1, 0] == 200


def test_strength_0_gives_the_frames_back():
    sink = Kept()
    run(Numbered(3), Stylizer(MeanColour()), [sink], lambda _f: RenderParams(CODE, 0.0), live=False)
    assert [int(f.image[0, 0, 0]) for f in sink.frames] == [0, 1, 2]


class TestNetworkThatRunsAhead:
    """As on a GPU, which no test machine has: the result of `begin` is waited for only when it is requested."""

    class Ahead(MeanColour):
        frames_in_flight = 1

        def __init__(self):
            super().__init__()
            self.events = []

        def begin(self, shown, code, image):
            number = int(image[0, 0, 0])
            self.events.append(("begun", number))
            end = super().begin(shown, code, image)

            def made():
                self.events.append(("made", number))
                return end()

            return made

    def test_the_next_frame_is_begun_before_this_one_is_waited_for(self):
        source, sink = Numbered(20), Kept()

        class AfterTheNext(self.Ahead):
            """Begins a frame only once the next one has been captured, however slow the machine."""

            def begin(self, shown, code, image):
                end = time.monotonic() + 30
                while source.given < min(int(image[0, 0, 0]) + 3, source.count) and time.monotonic() < end:
                    time.sleep(0.001)
                return super().begin(shown, code, image)

        network = AfterTheNext()
        run(source, Stylizer(network), [sink], styled, live=False, deflicker=False)
        place = network.events.index
        for number in range(2, 18):
            assert place(("begun", number + 1)) < place(("made", number)) < place(("begun", number + 2))
        np.testing.assert_allclose([f.image[0, 0, 0] for f in sink.frames], np.arange(20) / 2, atol=0.5)
        assert [f.time for f in sink.frames] == [n / 30 for n in range(20)]

    @pytest.mark.parametrize("live", [False, True])
    def test_a_frame_does_not_wait_for_one_that_is_not_there(self, live):
        shown = threading.Semaphore(1)

        class AfterShown(Numbered):
            def read(self):
                assert shown.acquire(timeout=30), "the frame before was never shown"
                return super().read()

        class Shown(Kept):
            def write(self, frame):
                super().write(frame)
                shown.release()

        sink = Shown()
        run(AfterShown(5), Stylizer(self.Ahead()), [sink], styled, live=live)
        assert len(sink.frames) == 5

    def test_a_run_that_fails_leaves_no_frame_in_the_network(self):
        """Else the next clip of a folder would wait for its place for ever."""

        class Full(Kept):
            def write(self, frame):
                super().write(frame)
                if len(self.frames) == 4:
                    raise RunError("the disk is full")

        network = self.Ahead()
        network.frames_in_flight = 3
        with pytest.raises(RunError, match="full"):
            run(Numbered(40), Stylizer(network), [Full()], styled, live=False)
        events = [{number for what, number in network.events if what == kind} for kind in ("begun", "made")]
        assert events[0] == events[1] and len(events[0]) < 40


def test_a_frame_is_finished_while_the_next_is_on_its_way():
    begun = [threading.Event() for _ in range(8)]

    class Network(MeanColour):
        def begin(self, shown, code, image):
            number = int(image[0, 0, 0])
            begun[number].set()
            end = super().begin(shown, code, image)

            def finish():
                assert number == 7 or begun[number + 1].wait(30), "the next frame waits for this one"
                return end()

            return finish

    sink = Kept()
    run(Numbered(8), Stylizer(Network()), [sink], styled, live=False)
    assert [f.time for f in sink.frames] == [n / 30 for n in range(8)]


class TestFramesThatRepeat:
    """Every picture comes three times."""

    class Thrice(Numbered):
        def read(self):
            frame = super().read()
            return frame and Frame(np.full_like(frame.image, 10 * (self.given // 3)), frame.time)

    def run(self, look):
        sink, network = Kept(), MeanColour()
        run(self.Thrice(30), Stylizer(network), [sink], look, live=False)
        assert len(sink.frames) == 30
        assert [f.time for f in sink.frames] == [n / 30 for n in range(30)]
        return [int(f.image[0, 0, 0]) for f in sink.frames], len(network.seen)

    def test_they_are_stylized_once(self):
        shown, stylized = self.run(styled)
        assert shown == [5 * ((n + 1) // 3) for n in range(30)]
        assert stylized == 11

    def test_but_not_where_the_look_changes(self):
        codes = iter(np.full((30, 3), n, np.float32) for n in range(30))
        _, stylized = self.run(lambda frame: RenderParams(next(codes).mean(axis=0)))
        assert stylized == 30

    def test_nor_where_the_look_depends_on_time(self):
        _, stylized = self.run(lambda frame: RenderParams(CODE, 0.5))
        assert stylized == 30

    def test_a_small_change_is_no_repetition(self):
        image = np.zeros((48, 64, 3), np.uint8)
        other = image.copy()
        assert same_image(image, other)
        other[17, 3, 1] = 1
        assert not same_image(image, other)
        assert not same_image(image, other[:40])
        assert not same_image(image, other[:10])


class BoomError(Exception):
    pass


def boom(*_args, **_kwargs):
    raise BoomError


def failing_source():
    source = Numbered(10**9)
    read = source.read
    source.read = lambda: boom() if source.given == 5 else read()
    return source


def failing_network():
    network = MeanColour()
    network.transform = boom
    return network


def failing_sink(method):
    sink = Kept()
    setattr(sink, method, boom)
    return sink


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize(
    ("source", "network", "sink", "look"),
    [
        (failing_source, MeanColour, Kept, styled),
        (lambda: Numbered(10**9), failing_network, Kept, styled),
        (lambda: Numbered(10**9), MeanColour, Kept, boom),
        (lambda: Numbered(10**9), MeanColour, lambda: failing_sink("write"), styled),
        (lambda: Numbered(10**9), MeanColour, lambda: failing_sink("poll"), styled),
        (lambda: Numbered(20), MeanColour, lambda: failing_sink("close"), styled),
    ],
    ids=["source", "network", "look", "write", "poll", "close"],
)
def test_whatever_raises_ends_the_run_with_its_error(source, network, sink, look, live):
    source, bystander = source(), Kept()
    with pytest.raises(BoomError):
        run(source, Stylizer(network()), [sink(), bystander], look, live=live)
    assert bystander.closed == 1
    assert source.closed.wait(1)


def test_an_error_does_not_wait_for_a_camera_that_hangs():
    release = threading.Event()

    class Hanging(Numbered):
        def read(self):
            if self.given == 3:
                release.wait(60)
            return super().read()

    class FailsLater(Kept):
        def poll(self):
            if len(self.frames) == 3:
                raise BoomError

    began = threading.Event()
    result = []

    def attempt():
        began.set()
        try:
            run(Hanging(10, live=True), Stylizer(MeanColour()), [FailsLater()], unstyled, live=False)
        except BoomError as failure:
            result.append(failure)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(30)
    release.set()
    assert result, "the run waits for the camera"


def test_a_camera_that_falls_silent_is_an_error_that_names_it():
    release = threading.Event()

    class Silent(Numbered):
        def read(self):
            if self.given == 3:
                release.wait(60)
            return super().read()

    with pytest.raises(RunError, match="numbered has sent nothing for 0.2 s"):
        run(Silent(10, live=True), Stylizer(MeanColour()), [Kept()], unstyled, live=True, timeout=0.2)
    release.set()


class TestDamagedFrames:
    class Damaging(Numbered):
        """Every third frame is cut off, or every one."""

        def __init__(self, *args, every=3, **kwargs):
            super().__init__(*args, **kwargs)
            self.every = every

        def read(self):
            frame = super().read()
            if frame is None or (self.given - 1) % self.every:
                return frame
            time.sleep(0.002)
            jpeg = cv2.imencode(".jpg", frame.image)[1]
            return EncodedFrame(jpeg[: len(jpeg) // 2], frame.time, "the camera")

    def test_they_are_passed_over_and_counted(self):
        sink = Kept()
        stats = run(self.Damaging(30), Stylizer(MeanColour()), [sink], unstyled, live=False)
        assert [f.time for f in sink.frames] == [n / 30 for n in range(30) if n % 3]
        assert (stats.frames, stats.dropped) == (20, 10)

    def test_a_camera_that_sends_nothing_else_is_an_error(self):
        source = self.Damaging(10**6, every=1)
        with pytest.raises(CorruptFrameError, match="the camera sends frames that cannot be decoded"):
            run(source, Stylizer(MeanColour()), [Kept()], unstyled, live=True, timeout=0.2)


def test_stats_say_what_ran():
    class Shown(Kept):
        def write(self, frame):
            time.sleep(0.001)  # or the double would be done before there is anything to measure

    stats = run(Numbered(30, size=(96, 128)), Stylizer(MeanColour(), 64), [Shown()], styled, live=False)
    written = stats.as_dict()
    assert list(written) == [
        "frames",
        "dropped",
        "seconds",
        "fps",
        "model",
        "runtime",
        "device",
        "frame_size",
        "processing_size",
        "stages_ms",
        "latency_ms",
        "style_encodes",
        "peak_rss_mb",
        "work_size",
    ]
    assert list(written["stages_ms"]) == ["capture", "decode", "prepare", "stylize", "finish", "show"]
    # The double's frames come decoded.
    assert all(ms > 0 for stage, ms in written["stages_ms"].items() if stage != "decode")
    assert 0 < written["latency_ms"]["p50"] <= written["latency_ms"]["p95"]
    assert (written["frame_size"], written["processing_size"]) == ((96, 128), (48, 64))
    assert written["work_size"] == written["processing_size"]  # the field's former name
    assert (written["model"], written["runtime"], written["device"]) == ("double", "NumPy", "CPU")
    assert written["peak_rss_mb"] > 10 and written["fps"] > 0


def test_sinks_are_polled_while_no_frame_comes():
    asked = threading.Event()

    class Waiting(Numbered):
        def read(self):
            asked.wait(30)
            return super().read()

    class Polled(Kept):
        polls = 0

        def poll(self):
            self.polls += 1
            if self.polls == 5:
                asked.set()

    sink = Polled()
    run(Waiting(1, live=True), Stylizer(MeanColour()), [sink], unstyled, live=True)
    assert sink.polls >= 5 and len(sink.frames) == 1


class TestHandover:
    def test_dropping_keeps_the_newest(self):
        queue = FrameQueue(1, drop=True)
        for number in range(5):
            queue.put(number)
        assert queue.get() == 4 and queue.dropped == 4

    def test_what_is_queued_outlives_the_end(self):
        queue = FrameQueue(3, drop=False)
        queue.put(1)
        queue.end()
        assert queue.get() == 1
        with pytest.raises(QueueClosed):
            queue.get()
        with pytest.raises(QueueClosed):
            queue.put(2)

    def test_discard_frees_a_waiting_writer(self):
        queue = FrameQueue(1, drop=False)
        queue.put(Frame(np.zeros((1, 1, 3), np.uint8), 0.0))
        ended = threading.Event()

        def write():
            try:
                queue.put(None)
            except QueueClosed:
                ended.set()

        threading.Thread(target=write, daemon=True).start()
        queue.end(discard=True)
        assert ended.wait(5)

    def test_get_gives_up_after_its_timeout(self):
        assert FrameQueue(1, drop=True).get(timeout=0.01) is None


def test_the_process_ends_after_a_thread_that_is_still_at_work():
    """Libraries in C++ abort the process if the interpreter ends while a thread is inside them."""
    program = """
import atexit, time
from realtime_nst import RenderParams, Stylizer, run
from realtime_nst.testing import CollectingSink, FakeNetwork, NumberedSource

class Slow(NumberedSource):
    def read(self):
        if self.given:
            time.sleep(1.5)
            events.append("done")
        return super().read()

events = []
atexit.register(lambda: print(events))
run(Slow(9), Stylizer(FakeNetwork()), [CollectingSink()], lambda _: RenderParams(None), live=False, frames=1)
assert not events
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "['done']\n"), done.stderr
