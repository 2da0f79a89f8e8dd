"""Names of the cameras, which OpenCV does not provide."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import NamedTuple

import cv2

from ..errors import SourceError

VIDEO4LINUX = Path("/sys/class/video4linux")
"""Where Linux lists its video devices."""

DEVICES = Path("/dev")
"""The folder of their device files."""

# From linux/videodev2.h.
VIDIOC_QUERYCAP = 0x80685600
CAPABILITY = struct.Struct("16s32s32sIII12x")  # driver, card, bus_info, version, capabilities, device_caps, reserved
CAN_CAPTURE = 0x00000001 | 0x00001000  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE
HAS_DEVICE_CAPS = 0x80000000  # V4L2_CAP_DEVICE_CAPS


class CameraName(NamedTuple):
    """A camera that the system knows. It may be in use or deliver nothing."""

    index: int
    """Its index in OpenCV."""
    name: str
    hardware: str
    """The hardware behind it, which several nodes may share; empty if unknown."""


def camera_backends() -> list[tuple[str, int]]:
    """Return (name, OpenCV's number) of the backends to try, in order."""
    if sys.platform == "win32":  # Media Foundation can take 12 s and more to open a camera.
        return [("DirectShow", cv2.CAP_DSHOW), ("Media Foundation", cv2.CAP_MSMF)]
    if sys.platform == "darwin":
        return [("AVFoundation", cv2.CAP_AVFOUNDATION)]
    return [("Video4Linux", cv2.CAP_V4L2), ("all other backends", cv2.CAP_ANY)]


def camera_names() -> list[CameraName]:
    """Return the cameras that the system can name, by index; none if it cannot."""
    if sys.platform.startswith("linux"):
        nodes = {int(node.name[5:]): node for node in VIDEO4LINUX.glob("video*")}
        return [
            CameraName(index, (node / "name").read_text().strip(), str((node / "device").resolve()))
            for index, node in sorted(nodes.items())
            if _captures(node)
        ]
    try:
        from cv2_enumerate_cameras import enumerate_cameras  # pyright: ignore[reportMissingImports]
    except ImportError:
        return []
    return [CameraName(info.index, info.name, "") for info in enumerate_cameras(camera_backends()[0][1])]


def matching_cameras(name: str, cameras: list[CameraName]) -> list[CameraName]:
    """Return the cameras called `name`, or those whose name contains it, ignoring case.

    If several nodes of the same hardware have that name, only the first is returned.
    """
    exact = [camera for camera in cameras if name.lower() == camera.name.lower()]
    matches = exact or [camera for camera in cameras if name.lower() in camera.name.lower()]
    distinct: dict[tuple[str, str | int], CameraName] = {}
    for camera in matches:
        distinct.setdefault((camera.name, camera.hardware or camera.index), camera)
    return list(distinct.values())


def find_camera(name: str) -> CameraName:
    """Return the camera called `name`, or whose name contains it.

    Raises:
        SourceError: if there is none or more than one; the message lists the cameras.
    """
    cameras = camera_names()
    matches = matching_cameras(name, cameras)
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(f"{camera.index} ({camera.name})" for camera in matches or cameras)
    if matches:
        raise SourceError(f"several cameras are called '{name}': {known}; give the index")
    raise SourceError(
        f"'{name}' is not a file, URL or camera; "
        + (f"the cameras are {known}" if known else "this system names no cameras: give an index, such as 0")
    )


def _captures(node: Path) -> bool:
    """Return whether a node delivers images: a camera has other nodes, for metadata, under the same name."""
    try:
        return bool(_capabilities(DEVICES / node.name) & CAN_CAPTURE)
    except OSError:  # For instance, this user may not open it. Drivers number the image node first.
        index = node / "index"
        return not index.exists() or index.read_text().strip() == "0"


def _capabilities(device: Path) -> int:
    """Return the capabilities of a Video4Linux device. Raises OSError if it cannot be queried."""
    import fcntl

    answer = bytearray(CAPABILITY.size)
    with device.open("rb", buffering=0) as file:
        fcntl.ioctl(file, VIDIOC_QUERYCAP, answer)
    *_, capabilities, device_caps = CAPABILITY.unpack(answer)
    # `capabilities` describes the whole hardware, `device_caps` this node.
    return device_caps if capabilities & HAS_DEVICE_CAPS else capabilities
