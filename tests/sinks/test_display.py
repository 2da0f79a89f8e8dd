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


@pytest.mark.gui
@pytest.mark.parametrize("platform", ["wayland", "offscreen", "wayland-egl;minimal"])
def test_a_window_system_that_opencv_lacks_is_not_used(display, platform):
    """Its Qt would abort the process."""
    program = """
from realtime_nst.sinks.display import check_display
import cv2
check_display()
cv2.namedWindow("a")
cv2.waitKey(1)
print(cv2.getWindowProperty("a", cv2.WND_PROP_VISIBLE))
"""
    env = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": platform}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "1.0\n"), done.stderr


def test_wayland_without_x11_is_said(monkeypatch):
    if not sys.platform.startswith("linux"):
        pytest.skip("only X11 needs asking")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(DeviceError, match="need X11, not Wayland: install XWayland"):
        check_display()
