"""What every sink promises, tested on each of them. A new sink is one entry in SINKS."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.clip_files import times
from support.desktop import desktop
from support.doubles import Kept

from realtime_nst.frames import Frame
from realtime_nst.interfaces import Sink
from realtime_nst.sinks.clip.clip_file import ClipWriter
from realtime_nst.sinks.null import NullSink
from realtime_nst.sinks.recorder import Recorder
from realtime_nst.sources.clip import ClipSource
from realtime_nst.sources.streams.opening import open_url
from realtime_nst.web.broadcast import Broadcast, Listener

SIZE = (120, 160)


def frames(count: int, size: tuple[int, int] = SIZE) -> list[Frame]:
    """Frames at 25 a second that nobody may draw on; each is brighter than the one before."""
    found = []
    for number in range(count):
        image = np.full((*size, 3), 10 * (number + 1), np.uint8)
        image.flags.writeable = False
        found.append(Frame(image, number / 25))
    return found


class Opened:
    """A sink, and a way to count the frames that it has delivered.

    Attributes:
        sink: The sink.
        arrived: Closes it where that is needed, and returns the number of frames; None: it may leave some out.
    """

    def __init__(self, sink: Sink, arrived: Callable[[], int | None]):
        self.sink, self.arrived = sink, arrived


def recorder(folder: Path, stack: contextlib.ExitStack, live: bool) -> Opened:
    sink = Recorder(25.0, live=live, must_succeed=True)
    sink.start(folder / "out.mp4")

    def arrived() -> int:
        sink.close()
        # A live recording may drop frames, and tells how many.
        return len(times(folder / "out.mp4")) + sum(recording.lost for recording in sink.ended)

    return Opened(sink, arrived)


def clip_file(folder: Path, stack: contextlib.ExitStack, made_clip: Callable) -> Opened:
    source = ClipSource(made_clip("plain.mp4"))
    stack.callback(source.close)
    sink = ClipWriter(folder / "out.mp4", source, SIZE)
    stack.callback(sink.abandon)

    def arrived() -> int:
        sink.close()
        return len(times(sink.finish()))

    return Opened(sink, arrived)


def virtual_camera(stack: contextlib.ExitStack) -> Opened:
    pyvirtualcam = pytest.importorskip("pyvirtualcam", exc_type=ImportError)
    from realtime_nst.sinks.virtual_camera import VirtualCamera

    sent = []

    class Driver:
        """A double of pyvirtualcam's backends: no build machine has a driver."""

        def __init__(self, **_):
            pass

        def device(self):
            return "Double"

        def native_fourcc(self):
            return None

        def send(self, frame):
            sent.append(frame.copy())

        def close(self):
            pass

    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr(pyvirtualcam.camera, "BACKENDS", {"double": Driver})
    return Opened(VirtualCamera("default", SIZE, 1000), lambda: len(sent))


def broadcast(stack: contextlib.ExitStack) -> Opened:
    listener = Listener("127.0.0.1", 0)
    stack.callback(listener.close)
    return Opened(Broadcast(listener), lambda: None)


def window(stack: contextlib.ExitStack) -> Opened:
    from realtime_nst.keys import Keyboard
    from realtime_nst.sinks.window import Window

    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setenv("DISPLAY", stack.enter_context(desktop()))
    shown = []
    # What is laid over a frame is drawn once for every frame that is shown.
    return Opened(Window("contract", SIZE, Keyboard(_NoControls()), lambda canvas: shown.append(1)), lambda: len(shown))


class _NoControls:
    def __getattr__(self, name: str) -> Callable:
        return lambda *args: None


SINKS = ["recorder", "live recorder", "clip file", "virtual camera", "broadcast", "null", "test kit"]


@pytest.fixture(params=SINKS)
def opened(request, tmp_path, made_clip) -> Iterator[Opened]:
    with contextlib.ExitStack() as stack:
        kept = Kept()
        yield {
            "recorder": lambda: recorder(tmp_path, stack, live=False),
            "live recorder": lambda: recorder(tmp_path, stack, live=True),
            "clip file": lambda: clip_file(tmp_path, stack, made_clip),
            "virtual camera": lambda: virtual_camera(stack),
            "broadcast": lambda: broadcast(stack),
            "null": lambda: Opened(NullSink(), lambda: None),
            "test kit": lambda: Opened(kept, lambda: len(kept.frames)),
        }[request.param]()


def test_no_frame_is_lost_without_a_word(opened):
    given = frames(20)
    for frame in given:
        opened.sink.write(frame)
        opened.sink.poll()
    arrived = opened.arrived()
    assert arrived is None or arrived == len(given)


def test_frames_are_left_as_they_are(opened):
    """Other sinks share them."""
    given = frames(3)
    before = [frame.image.copy() for frame in given]
    for frame in given:
        opened.sink.write(frame)
    opened.sink.close()
    for frame, image in zip(given, before, strict=True):
        np.testing.assert_array_equal(frame.image, image)


def test_it_may_be_polled_before_the_first_frame_and_between(opened):
    opened.sink.poll()
    for frame in frames(2):
        opened.sink.write(frame)
        opened.sink.poll()
        opened.sink.poll()


def test_it_may_be_closed_again(opened):
    for frame in frames(2):
        opened.sink.write(frame)
    opened.sink.close()
    opened.sink.close()


def test_it_may_be_closed_without_a_frame(opened):
    opened.sink.close()


def test_no_thread_of_it_outlives_it(opened):
    before = set(threading.enumerate())
    for frame in frames(2):
        opened.sink.write(frame)
    opened.sink.close()
    left = [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert not left


def test_a_with_block_ends_it(opened):
    """A clip file is abandoned: the end of the block does not show whether all frames were written."""
    name = "abandon" if isinstance(opened.sink, ClipWriter) else "close"
    closed, close = [], getattr(opened.sink, name)
    setattr(opened.sink, name, lambda: (closed.append(True), close()))
    with opened.sink as entered:
        assert entered is opened.sink
        entered.write(frames(1)[0])
    assert closed


def test_a_viewer_of_a_broadcast_gets_the_newest_frame():
    """The only sink that drops frames by design: it never sends a frame older than the last one written."""
    listener = Listener("127.0.0.1", 0)
    with contextlib.closing(Broadcast(listener)) as sink:
        for frame in frames(20):
            sink.write(frame)
        stop = threading.Event()

        def go_on() -> None:
            while not stop.wait(0.02):
                sink.write(frames(20)[-1])

        thread = threading.Thread(target=go_on)
        thread.start()
        viewer = open_url(sink.url + "video.mjpg", timeout=5)
        seen = viewer.read().image
        viewer.close()
        stop.set()
        thread.join()
    assert cv2.absdiff(seen, frames(20)[-1].image).max() <= 3


@pytest.mark.gui
class TestWindow:
    """The window must be used on the main thread alone, and only one desktop is opened for its contract."""

    def test_every_frame_is_shown_and_left_as_it_is_and_it_may_be_closed_again(self):
        with contextlib.ExitStack() as stack:
            opened = window(stack)
            opened.sink.poll()
            for frame in frames(5):
                opened.sink.write(frame)
                opened.sink.poll()
            assert opened.arrived() == 5
            opened.sink.close()
            opened.sink.close()
            opened.sink.write(frames(1)[0])
            assert opened.arrived() == 5
