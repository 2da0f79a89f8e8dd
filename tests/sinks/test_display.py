"""Whether a window can be opened here, found out before OpenCV tries and ends the process."""

import os
import subprocess
import sys

import pytest
from support.desktop import desktop
from support.scenes import scene_image

from realtime_nst.bench.camera_server import camera_server
from realtime_nst.errors import DeviceError
from realtime_nst.sinks.display import check_display, display_available


@pytest.fixture
def display():
    with desktop() as name:
        yield name


def test_it_is_found_before_the_first_window(monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("only X11 needs asking")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert not display_available()
    with pytest.raises(DeviceError, match="DISPLAY is not set.*--headless --record FILE"):
        check_display()


@pytest.mark.gui
def test_a_display_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4242")
    with pytest.raises(DeviceError, match=":4242 does not answer"):
        check_display()


@pytest.mark.gui
def test_a_display_that_answers(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    check_display()
    assert display_available()


def test_the_program_says_so_and_exits_with_2():
    env = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    with camera_server([scene_image()]) as server:
        done = subprocess.run(
            [sys.executable, "-m", "realtime_nst", "live", "--camera", server.url],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 2 and "--headless --record FILE" in done.stderr
    assert done.stderr.count("\n") == 1
