"""Cameras and streams are released once, by whoever owns them, whatever happens."""

import os
import subprocess
import sys
import textwrap
from functools import partial

import numpy as np
import pytest
from support import ROOT
from support.doubles import Capture

from realtime_nst.errors import RunError, SourceError
from realtime_nst.sources.camera_devices import list_cameras, open_device
from realtime_nst.sources.streams import opening
from realtime_nst.testing import camera_server


@pytest.fixture
def captures():
    """A maker of capture doubles, and those it made."""

    class Captures(list):
        def __call__(self, *args, **options):
            self.append(Capture(*args, **options))
            return self[-1]

    return Captures()


class Dying(Capture):
    """A camera that is unplugged after its third frame."""

    def grab(self):
        self.gives = self.gives and self.number < 2
        return super().grab()


def test_a_source_is_closed_by_its_with_block(captures):
    with pytest.raises(ZeroDivisionError), open_device("0", new_capture=partial(captures, opens=(0,))):
        _ = 1 / 0
    assert not captures[0].isOpened()


def test_a_camera_that_gives_no_picture_is_released(captures):
    with pytest.raises(SourceError):
        open_device("0", new_capture=partial(captures, opens=(0,), gives=False))
    assert captures and not any(capture.isOpened() for capture in captures)


def test_a_camera_whose_driver_fails_is_released(captures):
    def broken(*args):
        capture = captures(*args, opens=(0,))
        capture.set = lambda *_: 1 / 0
        return capture

    with pytest.raises(ZeroDivisionError):
        open_device("0", new_capture=broken)
    assert not captures[0].isOpened()


def test_a_camera_that_dies_while_it_is_listed_is_released():
    made = []

    def capture(*args):
        made.append(Dying(*args, opens=(3,)))
        return made[-1]

    assert list_cameras(0.5, new_capture=capture) == []
    assert any(capture.number >= 2 for capture in made) and not any(capture.isOpened() for capture in made)


def test_a_stream_that_breaks_off_while_it_is_opened_is_released(monkeypatch):
    made, opens = [], opening.av.open

    def watched(*args, **options):
        made.append(opens(*args, **options))
        return made[-1]

    monkeypatch.setattr(opening.av, "open", watched)
    with camera_server([np.zeros((48, 64, 3), np.uint8)], fps=100, ends_after=10) as server:
        with pytest.raises((RunError, SourceError)):
            opening.open_url(server.url, timeout=5)
    assert made
    for container in made:
        with pytest.raises(AssertionError, match="not open"):
            next(container.demux())


def run(program):
    """Run Python code in a process of its own."""
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def test_a_stream_that_hangs_may_be_closed_by_another_thread():
    """FFmpeg crashes if a stream is released while another thread reads it."""
    done = run("""
        import threading, time
        import numpy as np
        from realtime_nst.errors import RunError
        from realtime_nst.sources.streams.opening import open_url
        from realtime_nst.testing import camera_server

        def read():
            try:
                while True:
                    frames.append(source.read())
            except RunError as reason:
                print(reason)

        frames, seen = [], None
        with camera_server([np.zeros((48, 64, 3), np.uint8)], fps=100, stalls_after=120) as server:
            source = open_url(server.url, timeout=2)
            reader = threading.Thread(target=read)
            reader.start()
            while seen != len(frames):
                seen = len(frames)
                time.sleep(0.3)
            assert reader.is_alive()
            source.close()
            reader.join()
            source.close()
    """)
    assert done.returncode == 0 and "stopped sending frames" in done.stdout, done.stderr


def test_the_process_ends_after_a_read_that_is_under_way():
    """OpenCV aborts the process if the interpreter ends while a thread is inside it, for instance waiting for a camera
    that sends one frame a second."""
    done = run("""
        import atexit, threading, time
        from functools import partial
        from support.doubles import Capture
        from realtime_nst.sources.camera_devices import open_device

        class Slow(Capture):
            def grab(self):
                if self.number >= 1:
                    began.set()
                    time.sleep(1)
                    events.append("inside")
                return super().grab()

        began, events = threading.Event(), []
        atexit.register(lambda: print(events))
        source = open_device("0", new_capture=partial(Slow, opens=(0,)))
        source.read()
        threading.Thread(target=source.read, daemon=True).start()
        began.wait()
        source.close()
    """)
    assert (done.returncode, done.stdout.strip()) == (0, "['inside']"), done.stderr
