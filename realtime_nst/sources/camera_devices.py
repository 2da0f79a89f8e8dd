"""Local cameras: opening one by index, device file or name, and listing all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import cv2

from ..errors import RunError, SourceError
from .camera import Camera
from .camera_names import camera_names, find_camera
from .capture import MJPEG, capture_backends, quiet_opencv


class CameraInfo(NamedTuple):
    """A camera that answered."""

    index: int
    name: str
    size: tuple[int, int]
    """(height, width) in pixels, as it opens by itself."""
    fps: float
    """Frames a second, measured."""


def open_device(
    spec: str,
    size: tuple[int, int] | None = None,
    timeout: float = 5.0,
    *,
    new_capture: Callable[..., cv2.VideoCapture] = cv2.VideoCapture,
) -> Camera:
    """Open the camera that an index ("0"), a device file ("/dev/video0") or a name ("Logitech") stands for.

    size: (width, height) asked of it. timeout: seconds of silence after which it will count as lost.
    new_capture: makes the capture (tests give a stand-in). Raises SourceError, telling everything that was
    tried.
    """
    if spec.isdecimal():
        address, name = int(spec), f"camera {spec}"
    elif spec.startswith("/dev/"):
        address, name = spec, spec
    else:
        address, name = find_camera(spec)
    tried = []
    for title, backend in capture_backends():
        with quiet_opencv():
            capture = new_capture(address, backend)
            if capture.isOpened():
                _ask(capture, size)
                with contextlib.suppress(SourceError):
                    return Camera(capture, name, faces_user=True, timeout=timeout)
                title += ", which gave no picture"
            capture.release()
        tried.append(title)
    raise SourceError(
        f"{name} cannot be opened (tried {' and '.join(tried)}): `realtime-nst cameras` lists those that "
        "answer; close other programs that use it, or try without a camera: realtime-nst demo"
    )


def list_cameras(
    measure: float = 1.0, *, new_capture: Callable[..., cv2.VideoCapture] = cv2.VideoCapture
) -> list[CameraInfo]:
    """The cameras that answer, each read for `measure` seconds to learn its rate."""
    names = camera_names()
    found = []
    for index in names or range(10):
        try:
            camera = open_device(str(index), new_capture=new_capture)
            times = [camera.read().time]
            while times[-1] - times[0] < measure:
                times.append(camera.read().time)
        except (SourceError, RunError):
            continue
        camera.close()
        rate = (len(times) - 1) / (times[-1] - times[0])
        found.append(CameraInfo(index, names.get(index, camera.name), camera.size, rate))
    return found


def _ask(capture: cv2.VideoCapture, size: tuple[int, int] | None) -> None:
    # Raw video of a large frame does not fit through USB 30 times a second; most cameras offer MJPEG as well.
    capture.set(cv2.CAP_PROP_FOURCC, MJPEG)
    if size:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
