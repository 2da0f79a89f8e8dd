"""Local cameras: open one by index, device file or name, and list them all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

import cv2

from ..errors import RunError, SourceError
from .camera import Camera
from .camera_names import camera_backends, camera_names, find_camera

MJPEG = cv2.VideoWriter.fourcc(*"MJPG")

NewCapture: TypeAlias = Callable[[int | str, int], Any]
"""Opens the camera with an index or a device file through one of OpenCV's backends: a cv2.VideoCapture or a double."""


def open_capture(address: int | str, backend: int) -> cv2.VideoCapture:
    """Open the camera with an index or a device file through a backend, by OpenCV's number."""
    return cv2.VideoCapture(address, backend)


class CameraInfo(NamedTuple):
    """A camera that delivers frames."""

    index: int
    name: str
    size: tuple[int, int]
    """(height, width) in pixels, as it opens by default."""
    fps: float
    """Frames per second, measured."""


def open_device(
    spec: str, size: tuple[int, int] | None = None, timeout: float = 5.0, *, new_capture: NewCapture = open_capture
) -> Camera:
    """Open a local camera.

    Args:
        spec: its index ("0"), device file ("/dev/video0") or name, whole or in part ("Logitech").
        size: (width, height) in pixels to request; the camera may deliver another.
        timeout: seconds without a frame after which the camera counts as lost.
        new_capture: opens the capture.

    Raises:
        SourceError: if it cannot be opened; the message lists everything that was tried.
    """
    address: int | str
    if spec.isdecimal():
        address, name = int(spec), f"camera {spec}"
    elif spec.startswith("/dev/"):
        address, name = spec, spec
    else:
        address, name, _ = find_camera(spec)
    # OpenCV's own timeout of a read, which it reads once, is 10 s.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", f"{max(round(timeout), 1)}")
    tried: list[str] = []
    for backend, number in camera_backends():
        with _quiet_opencv():
            capture = new_capture(address, number)
            try:
                with _released_on_error(capture):
                    if capture.isOpened():
                        _configure(capture, size)
                        return Camera(capture, name, timeout=timeout)
            except SourceError:
                backend += ", which delivered no frame"
            capture.release()
        tried.append(backend)
    raise SourceError(
        f"{name} cannot be opened (tried {' and '.join(tried)}): `realtime-nst cameras` lists those that "
        "answer; close other programs that use it, or try without a camera: realtime-nst demo"
    )


def list_cameras(seconds: float = 1.0, *, new_capture: NewCapture = open_capture) -> list[CameraInfo]:
    """Return the cameras that deliver frames. Each one is read for `seconds` to measure its rate."""
    names = {camera.index: camera.name for camera in camera_names()}
    found: list[CameraInfo] = []
    for index in names or range(10):
        try:
            with open_device(str(index), new_capture=new_capture) as camera:
                fps = _measure_fps(camera, seconds)
        except (SourceError, RunError):
            continue
        found.append(CameraInfo(index, names.get(index, camera.name), camera.size, fps))
    return found


def _measure_fps(camera: Camera, seconds: float) -> float:
    first = last = camera.read().time
    frames = 0
    while last - first < seconds:
        last = camera.read().time
        frames += 1
    return frames / (last - first)


def _configure(capture: cv2.VideoCapture, size: tuple[int, int] | None) -> None:
    # USB 2 cannot carry large raw frames 30 times a second; most cameras offer MJPEG too.
    capture.set(cv2.CAP_PROP_FOURCC, MJPEG)
    if size:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


@contextlib.contextmanager
def _released_on_error(capture: cv2.VideoCapture) -> Iterator[None]:
    """Release `capture` if the block that turns it into a source raises."""
    try:
        yield
    except BaseException:
        capture.release()
        raise


@contextlib.contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Suppress OpenCV's warnings about devices that do not open: our own error says more."""
    previous = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(previous)
