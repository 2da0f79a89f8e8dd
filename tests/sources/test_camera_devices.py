"""Local cameras, on a double of OpenCV's capture: no build machine has one."""

import contextlib
from functools import partial

import cv2
import pytest
from support.doubles import Capture

from realtime_nst.errors import CorruptFrameError, RunError, SourceError
from realtime_nst.sources.camera_devices import list_cameras, open_device


def test_size_and_format_are_asked_for():
    made = []

    def capture(*args):
        made.append(Capture(*args, opens=(2,)))
        return made[-1]

    camera = open_device("2", (1280, 720), new_capture=capture)
    assert camera.size == (720, 1280) and camera.fps == 25.0 and camera.faces_user
    assert made[0].values[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert camera.read().image.shape == (720, 1280, 3)


def test_a_camera_that_gives_no_picture_is_told_apart():
    with pytest.raises(SourceError, match="which delivered no frame"):
        open_device("0", new_capture=partial(Capture, opens=(0,), gives=False))


def test_a_damaged_frame_is_an_error_only_where_it_is_looked_at():
    camera = open_device("0", new_capture=partial(Capture, opens=(0,), damaged=(0, 3)))
    assert camera.size == (48, 64)  # of the second: the first frames of a camera are often damaged
    seen = []
    for _ in range(3):
        with contextlib.suppress(CorruptFrameError):
            seen.append(camera.read().image.shape)
    assert seen == [(48, 64, 3)] * 2


def test_one_that_sends_nothing_whole_gave_no_picture():
    with pytest.raises(SourceError, match="which delivered no frame"):
        open_device("0", new_capture=partial(Capture, opens=(0,), damaged=range(100)))


def test_unplugged():
    made = []

    def capture(*args):
        made.append(Capture(*args, opens=(0,)))
        return made[-1]

    camera = open_device("0", new_capture=capture)
    made[0].gives = False
    with pytest.raises(RunError, match="camera 0 has ended or was unplugged"):
        camera.read()


def test_cameras_are_listed_with_a_measured_rate():
    found = list_cameras(0.1, new_capture=partial(Capture, opens=(1, 3)))
    assert [(c.index, c.name, c.size) for c in found] == [(1, "camera 1", (48, 64)), (3, "camera 3", (48, 64))]
    assert all(1 < c.fps <= 41 for c in found)
