"""A camera for other programs. No build machine has the driver, so pyvirtualcam gets a backend that keeps its frames;
the error for a missing driver is tested on the real one."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.doubles import Capture, Numbered

from realtime_nst.errors import DeviceError, InputError, RunError
from realtime_nst.frames import Frame
from realtime_nst.live import devices
from realtime_nst.live import run as live
from realtime_nst.live.run import LiveOptions, run_live
from realtime_nst.sinks.virtual_camera import VirtualCamera
from realtime_nst.sources.camera_devices import open_device
from realtime_nst.styles.library import find_styles

pyvirtualcam = pytest.importorskip("pyvirtualcam", exc_type=ImportError)


class Driver:
    """A double of pyvirtualcam's backends."""

    made: list

    def __init__(self, *, width, height, fps, fourcc, device, **_):
        if device not in (None, "Double"):
            raise RuntimeError(f"there is no {device}\nthere is Double")
        self.size, self.fps = (height, width), fps
        self.frames, self.closed, self.broken = [], 0, False
        self.made.append(self)

    def device(self):
        return "Double"

    def native_fourcc(self):
        return None

    def send(self, frame):
        if self.broken:
            raise RuntimeError("unplugged")
        self.frames.append(frame.reshape(*self.size, 3).copy())

    def close(self):
        self.closed += 1


@pytest.fixture
def drivers(monkeypatch):
    """The drivers that are opened."""
    made = []
    backend = type("Backend", (Driver,), {"made": made})
    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"double": backend})
    return made


def colourful(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_frames_arrive_as_they_are(drivers):
    camera = VirtualCamera("default", (48, 64), 25.0)
    image = colourful(48, 64)
    camera.write(Frame(image, 0.0))
    camera.poll()
    camera.close()
    (driver,) = drivers
    assert camera.device == "Double" and (driver.size, driver.fps, driver.closed) == ((48, 64), 25.0, 1)
    assert np.array_equal(driver.frames, [image])


def test_odd_sides_are_made_even_and_other_sizes_scaled(drivers):
    camera = VirtualCamera("Double", (47, 63), 30.0)
    odd, flat = colourful(47, 63), np.full((96, 128, 3), 7, np.uint8)
    camera.write(Frame(odd, 0.0))
    camera.write(Frame(flat, 0.1))
    first, second = drivers[0].frames
    assert np.array_equal(first[:47, :63], odd) and first.shape == (48, 64, 3)
    assert np.array_equal(second, flat[:48, :64])


def test_a_device_that_is_not_there_is_told_with_what_to_do(drivers):
    with pytest.raises(DeviceError, match=r"'/dev/video9' cannot be opened \(.*there is Double\): .*install"):
        VirtualCamera("/dev/video9", (48, 64), 30.0)


def test_a_driver_that_fails_ends_the_run(drivers):
    camera = VirtualCamera("default", (48, 64), 30.0)
    drivers[0].broken = True
    with pytest.raises(RunError, match="Double takes no more frames .unplugged"):
        camera.write(Frame(colourful(48, 64), 0.0))


@pytest.mark.skipif(bool(list(Path("/dev").glob("video*"))), reason="there are video devices here")
def test_no_driver_at_all():
    with pytest.raises(DeviceError, match="cannot be opened .*: .*install"):
        VirtualCamera("default", (48, 64), 30.0)


def test_without_pyvirtualcam_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(DeviceError, match=r'pip install "realtime-nst\[virtual-camera\]"'):
        VirtualCamera("default", (48, 64), 30.0)


def go(source: str, **more):
    said = []
    options = {"headless": True, "model": "fast", "processing_size": 96, "styles": find_styles(["ink"])} | more
    return run_live(LiveOptions(source, **options), said.append), said


def test_a_live_run_sends_what_it_makes(drivers):
    stats, said = go("demo", virtual_camera="default", frames=4)
    (driver,) = drivers
    assert driver.size == stats.frame_size == (480, 640) and driver.closed == 1
    assert len(driver.frames) == stats.frames == 4
    # Ink has no colours; the scene has.
    assert np.ptp(driver.frames[-1].reshape(-1, 3), axis=1).mean() < 40
    assert "sending to the virtual camera Double" in said


def test_no_model_is_loaded_and_the_source_closed_where_there_is_none(drivers, monkeypatch):
    source = Numbered(9, live=True)
    monkeypatch.setattr(devices, "open_source", lambda *_, **__: source)
    monkeypatch.setattr(live, "open_network", lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(InputError, match="there is no Other"):
        go("demo", virtual_camera="Other", frames=1)
    assert source.closed.is_set()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_stops_the_recording_and_others_go_on_seeing(drivers, tmp_path):
    (tmp_path / "out.mp4").symlink_to("/dev/full")
    with pytest.raises(RunError, match="not all was recorded"):
        go("demo", virtual_camera="default", record=tmp_path / "out.mp4", frames=45)
    assert len(drivers[0].frames) == 45


def test_others_do_not_see_the_user_mirrored(drivers, monkeypatch):
    """As a user's own window does by default."""
    image = colourful(48, 64)

    webcam = partial(Capture, opens=(0,), image=image)
    monkeypatch.setattr(devices, "open_source", lambda spec, size, **_: open_device(spec, new_capture=webcam))
    for mirror, seen in ((None, image), (True, image[:, ::-1])):
        go("0", virtual_camera="default", frames=1, strength=0.0, mirror=mirror)
        assert np.array_equal(drivers[-1].frames[0], seen)
