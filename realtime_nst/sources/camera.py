"""Cameras and network streams, through OpenCV."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ..errors import CorruptFrameError, RunError, SourceError
from ..frames import Frame, Image

MJPEG = cv2.VideoWriter.fourcc(*"MJPG")


class CameraInfo(NamedTuple):
    """A camera that answered."""

    index: int
    name: str
    size: tuple[int, int]
    """(height, width) in pixels, as it opens by itself."""
    fps: float
    """Frames a second, measured."""


class EncodedFrame:
    """A frame as it was sent, decoded when its picture is first asked for.

    Frames that are dropped cost nothing then, and decoding is done when the network's threads rest: on two cores it
    takes more time beside them than between.
    """

    def __init__(self, jpeg: np.ndarray, time: float, name: str) -> None:
        self.time = time
        self._jpeg, self._name = jpeg, name

    @cached_property
    def image(self) -> Image:
        """Raises CorruptFrameError where it cannot be decoded."""
        image = None
        with contextlib.suppress(cv2.error):
            image = cv2.imdecode(self._jpeg, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise CorruptFrameError(
                f"{self._name} sends frames that cannot be decoded; check its cable or network and start again"
            )
        return image


class Camera:
    """A camera or a live stream that has been opened. A frame's time is when it arrived.

    faces_user: it shows the user, who expects a mirror. timeout: seconds without a frame after which it
    counts as lost. jpegs: the capture gives JPEG files, not pictures. Raises SourceError where it gives no first frame.
    """

    live = True

    def __init__(
        self, capture: cv2.VideoCapture, name: str, *, faces_user: bool, timeout: float, jpegs: bool = False
    ) -> None:
        self.name = name
        self.faces_user = faces_user
        self.timeout = timeout
        self._capture = capture
        self._jpegs = jpegs
        self.size = self._first_size()
        # FFmpeg, which gives the JPEGs, states 25 for all of their streams.
        self.fps = self._measured_fps() if jpegs else _stated_fps(capture)
        self._began: float | None = None

    def read(self) -> Frame | EncodedFrame:
        """The next frame. Raises RunError where none comes any more."""
        if self._began is None:
            self._began = self._skip_old(0.5 / self.fps)
        now = self._grab()
        return self._frame(*self._capture.retrieve(), now - self._began)

    def _first_size(self, tries: int = 5) -> tuple[int, int]:
        for _ in range(tries):
            if not self._capture.grab():
                break
            with contextlib.suppress(CorruptFrameError):
                return self._frame(*self._capture.retrieve(), 0.0).image.shape[:2]
        self._capture.release()
        raise SourceError(f"{self.name} was opened but gave no picture")

    def _frame(self, decoded: bool, retrieved: np.ndarray | None, time: float) -> Frame | EncodedFrame:
        if decoded and not self._jpegs:
            return Frame(retrieved, time)
        # One that OpenCV could not decode is no better than a JPEG with nothing in it.
        return EncodedFrame(retrieved if decoded else np.empty(0, np.uint8), time, self.name)

    def _grab(self) -> float:
        """Wait for the next frame; when it came, by time.perf_counter."""
        asked = time.perf_counter()
        grabbed = self._capture.grab()
        now = time.perf_counter()
        if not grabbed:
            what = "stopped sending frames" if now - asked > 1 else "has ended or was unplugged"
            raise RunError(f"{self.name} {what}; check its cable or network and start again")
        return now

    def _measured_fps(self, seconds: float = 0.3) -> float:
        """Frames a second, of those that come within `seconds`, at least one."""
        began = now = self._skip_old(0.002)
        frames = 0
        while now - began < seconds:
            now = self._grab()
            frames += 1
        return frames / (now - began)

    def _skip_old(self, wait: float) -> float:
        """Pass over frames queued since the camera was opened: a new one has to be waited for, `wait` seconds at least.
        When it came; after a second the one that comes then counts as new."""
        began = asked = time.perf_counter()
        while (now := self._grab()) - asked < wait and now - began < 1:
            asked = now
        return now

    def close(self) -> None:
        self._capture.release()


class RemoteClip:
    """A whole file behind a URL: comes as fast as the network gives it, and has an end."""

    live = False

    def __init__(self, capture: cv2.VideoCapture, url: str) -> None:
        self.name = url
        self.fps = _stated_fps(capture)
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)), int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
        self._capture = capture
        self._expected = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self._frames = 0

    def read(self) -> Frame | None:
        """The next frame; None at the end. Raises RunError where the network gave out long before it."""
        done, image = self._capture.read()
        if done:
            self._frames += 1
            return Frame(image, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        # The count is an estimate in some containers.
        if self._frames < 0.9 * self._expected:
            raise RunError(f"{self.name} broke off after {self._frames} of {self._expected} frames; try again")
        return None

    def close(self) -> None:
        self._capture.release()


def open_url(url: str, timeout: float) -> Camera | RemoteClip:
    """Open an http(s) or rtsp stream, or a file behind a URL, waiting at most `timeout` seconds.

    Raises SourceError where nothing that can be shown comes.
    """
    # Read once, when OpenCV first loads FFmpeg, which else prints its own view of every hiccup.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    wait = int(timeout * 1000)
    options = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, wait, cv2.CAP_PROP_READ_TIMEOUT_MSEC, wait]
    began = time.perf_counter()
    with _quiet():
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        try:
            if capture.isOpened() and 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < 1e9:
                return RemoteClip(capture, url)
            jpegs = capture.get(cv2.CAP_PROP_FOURCC) == MJPEG and capture.set(cv2.CAP_PROP_FORMAT, -1)
            # FFmpeg's own time-out should speak first: RTSP can take longer to give up than it was told.
            return Camera(capture, url, faces_user=False, timeout=timeout + 3, jpegs=jpegs)
        except SourceError as reason:
            raise SourceError(
                f"the stream {url} gave no picture within {time.perf_counter() - began:.1f} s; "
                "try the address in a browser or player, with user name and password if it needs them: "
                "http://USER:PASSWORD@HOST:PORT/PATH"
            ) from reason


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
        address, name = _find_by_name(spec)
    tried = []
    for title, backend in _backends():
        with _quiet():
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


def _backends() -> list[tuple[str, int]]:
    """What to try, in order. On Windows Media Foundation can take 12 s and more to open a camera."""
    if sys.platform == "win32":
        return [("DirectShow", cv2.CAP_DSHOW), ("Media Foundation", cv2.CAP_MSMF)]
    if sys.platform == "darwin":
        return [("AVFoundation", cv2.CAP_AVFOUNDATION)]
    return [("Video4Linux", cv2.CAP_V4L2), ("every other way", cv2.CAP_ANY)]


def _ask(capture: cv2.VideoCapture, size: tuple[int, int] | None) -> None:
    # Raw video of a large frame does not fit through USB 30 times a second; most cameras offer MJPEG as well.
    capture.set(cv2.CAP_PROP_FOURCC, MJPEG)
    if size:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)


def _stated_fps(capture: cv2.VideoCapture) -> float:
    stated = capture.get(cv2.CAP_PROP_FPS)
    return float(stated) if 1 <= stated <= 240 else 30.0


def list_cameras(
    measure: float = 1.0, *, new_capture: Callable[..., cv2.VideoCapture] = cv2.VideoCapture
) -> list[CameraInfo]:
    """The cameras that answer, each read for `measure` seconds to learn its rate."""
    names = _names()
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


def _find_by_name(wanted: str) -> tuple[int, str]:
    names = _names()
    fits = {i: name for i, name in names.items() if wanted.lower() == name.lower()}
    fits = fits or {i: name for i, name in names.items() if wanted.lower() in name.lower()}
    if len(fits) == 1:
        return next(iter(fits.items()))
    known = ", ".join(f"{index} ({name})" for index, name in (fits or names).items())
    if fits:
        raise SourceError(f"several cameras are called '{wanted}': {known}; give the index")
    raise SourceError(
        f"'{wanted}' is no file, URL or camera; "
        + (f"there are the cameras {known}" if known else "no camera tells its name here: give its index, such as 0")
    )


def _names() -> dict[int, str]:
    """Camera names by index, where the system tells them; OpenCV itself cannot."""
    try:
        from cv2_enumerate_cameras import enumerate_cameras
    except ImportError:
        folders = Path("/sys/class/video4linux").glob("video*")
        return {int(f.name[5:]): (f / "name").read_text().strip() for f in sorted(folders)}
    return {info.index: info.name for info in enumerate_cameras(_backends()[0][1])}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV's own warnings about what does not open off the screen: our error says more."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
