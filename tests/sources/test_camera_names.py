"""Cameras by name, as Linux lists them: on a copy of its folder, because no build machine has a camera."""

import fcntl
import sys
from functools import partial

import pytest
from support.doubles import Capture

from realtime_nst.errors import SourceError
from realtime_nst.sources import camera_names, factory
from realtime_nst.sources.camera_devices import list_cameras, open_device
from realtime_nst.sources.camera_names import CAPABILITY, find_camera
from realtime_nst.sources.factory import open_source

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux lists its cameras in a folder")

WEBCAM = "USB2.0 HD UVC WebCam"
CAPTURE, METADATA = 0x04200001, 0x04A00000
"""Capabilities of the two nodes of a real camera, by the driver uvcvideo."""


@pytest.fixture
def add_node(tmp_path, monkeypatch):
    """Add a node to the system: its number, name, the hardware it belongs to, and its number there."""
    monkeypatch.setattr(camera_names, "VIDEO4LINUX", tmp_path)

    def add(number: int, name: str, hardware: str, index: int) -> None:
        node = tmp_path / f"video{number}"
        node.mkdir()
        (node / "name").write_text(name + "\n")
        (node / "index").write_text(f"{index}\n")
        (node / "device").symlink_to(tmp_path.parent / hardware)

    return add


@pytest.fixture
def plug_in(monkeypatch):
    """Let the camera of an index or a device file open."""

    def plug(address: int | str) -> None:
        opens = partial(open_device, new_capture=partial(Capture, opens=(address,)))
        monkeypatch.setattr(factory, "open_device", opens)

    return plug


def test_a_name_with_a_dot_is_not_taken_for_a_missing_file(add_node, plug_in):
    add_node(0, "Integrated Camera", "usb-1", 0)
    add_node(2, WEBCAM, "usb-2", 0)
    plug_in(2)
    for spec in (WEBCAM, "usb2.0 hd", "USB2.0"):
        with open_source(spec) as camera:
            assert camera.name == WEBCAM


@pytest.mark.parametrize("spec", ["Cam.v2", "C.920"])
def test_a_name_that_looks_like_a_file_is_a_camera_s_if_there_is_one(add_node, plug_in, spec):
    add_node(0, spec, "usb-1", 0)
    plug_in(0)
    with open_source(spec) as camera:
        assert camera.name == spec


def test_an_unknown_camera_with_a_dot_in_its_name_is_told_from_a_file(add_node):
    add_node(0, "Integrated Camera", "usb-1", 0)
    with pytest.raises(SourceError, match=rf"'{WEBCAM}' is not a file.*the cameras are 0 .Integrated Camera"):
        open_source(WEBCAM)


@pytest.mark.parametrize("spec", ["/dev/v4l/by-path/pci-0000:00:14.0-usb-0:6:1.0-video-index0", "/dev/video0.1"])
def test_a_device_file_with_a_dot_is_not_taken_for_a_missing_file(plug_in, spec):
    plug_in(spec)
    with open_source(spec) as camera:
        assert camera.name == spec
    with pytest.raises(SourceError, match=f"{spec}9 cannot be opened"):
        open_source(spec + "9")


def test_of_two_nodes_of_a_camera_the_first_is_taken_where_none_may_be_opened(add_node):
    for number, index in ((11, 1), (10, 0), (9, 1), (8, 0)):
        add_node(number, WEBCAM if number > 9 else "Other", "usb-1" if number > 9 else "usb-2", index)
    assert find_camera(WEBCAM).index == 10
    assert [camera.index for camera in camera_names.camera_names()] == [8, 10]


@pytest.mark.parametrize("states_own", [True, False])
def test_the_node_that_captures_is_taken(add_node, tmp_path, monkeypatch, states_own):
    """The driver is asked; a double of the kernel answers, as a new driver does and as an old one."""
    (tmp_path / "dev").mkdir()
    monkeypatch.setattr(camera_names, "DEVICES", tmp_path / "dev")
    for number in range(4):
        add_node(number, WEBCAM, "usb-1", number)
        (tmp_path / "dev" / f"video{number}").touch()

    def ioctl(file, request, answer):
        assert request == 0x80685600  # VIDIOC_QUERYCAP
        own = CAPTURE if file.name.endswith("video2") else METADATA
        capabilities = (0x84A00001, own) if states_own else (own, 0)
        answer[:] = CAPABILITY.pack(b"uvcvideo", WEBCAM.encode(), b"usb-1", 0, *capabilities)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    assert find_camera(WEBCAM).index == 2


def test_nodes_of_one_camera_that_both_capture_are_one_camera(add_node):
    add_node(0, WEBCAM, "usb-1", 0)
    add_node(4, WEBCAM, "usb-1", 0)
    assert find_camera(WEBCAM).index == 0


def test_two_cameras_of_one_name_are_told_apart_by_index(add_node):
    add_node(0, WEBCAM, "usb-1", 0)
    add_node(2, WEBCAM, "usb-2", 0)
    with pytest.raises(SourceError, match=r"several cameras are called .*: 0 \(.*, 2 \(.*; give the index"):
        find_camera(WEBCAM)


def test_cameras_are_listed_by_their_names(add_node):
    add_node(0, WEBCAM, "usb-1", 0)
    add_node(1, WEBCAM, "usb-1", 1)
    (camera,) = list_cameras(0.1, new_capture=partial(Capture, opens=(0, 1)))
    assert (camera.index, camera.name) == (0, WEBCAM)
