"""A live source: a camera or a network stream that has been opened through OpenCV."""

from __future__ import annotations

import contextlib
import time
from functools import cached_property
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import CorruptFrameError, RunError, SourceError
from ..frames import Frame, Image
from ..media.images import check_pixels, jpeg_size
from .capture import CaptureSource, stated_fps


class Camera(CaptureSource):
    """A camera or a live stream. The time of a frame is its time of arrival.

    Attributes:
        name: its name in messages, such as "camera 0".
        size: (height, width) in pixels.
        fps: frames per second: measured for JPEG streams, otherwise as the driver states it.
        faces_user: whether it shows the user, who expects a mirror image.
        timeout: seconds without a frame after which the camera counts as lost.
    """

    live = True

    def __init__(
        self, capture: cv2.VideoCapture, name: str, *, faces_user: bool, timeout: float, jpegs: bool = False
    ) -> None:
        """Read the first frame of an open capture. The caller releases the capture if this raises.

        Args:
            capture: an open capture.
            name: the camera's name in messages.
            faces_user: whether it shows the user.
            timeout: seconds without a frame after which the camera counts as lost.
            jpegs: whether the capture delivers encoded JPEG images instead of pixels.

        Raises:
            SourceError: if no first frame comes.
            RunError: if the stream breaks off while its rate is measured.
        """
        super().__init__(capture)
        self.name = name
        self.faces_user = faces_user
        self.timeout = timeout
        self._jpegs = jpegs
        self.size = self._first_size()
        # FFmpeg, which delivers the JPEGs, states 25 fps for every such stream.
        self.fps = self._measure_fps() if jpegs else stated_fps(capture)
        self._began: float | None = None

    def read(self) -> Frame:
        """Return the next frame; block until it arrives.

        The image of a JPEG stream is decoded when it is first accessed, which can raise CorruptFrameError.

        Raises:
            RunError: if the camera delivers no more frames.
        """
        return cast(Frame, super().read())

    def _read(self) -> Frame:
        if self._began is None:
            self._began = self._skip_queued(0.5 / self.fps)
        now = self._grab()
        return self._retrieve(now - self._began)

    def _first_size(self, tries: int = 5) -> tuple[int, int]:
        for _ in range(tries):
            if not self._capture.grab():
                break
            with contextlib.suppress(CorruptFrameError):
                height, width = self._retrieve(0.0).image.shape[:2]
                return height, width
        raise SourceError(f"{self.name} was opened but delivered no frame")

    def _retrieve(self, time: float) -> Frame:
        retrieved, data = self._capture.retrieve()
        if retrieved and not self._jpegs:
            return Frame(cast(Image, data), time)
        # A frame that OpenCV could not decode counts as an empty JPEG. An EncodedFrame has the attributes of a Frame.
        jpeg = np.asarray(data, np.uint8) if retrieved else np.empty(0, np.uint8)
        return cast(Frame, EncodedFrame(jpeg, time, self.name))

    def _grab(self) -> float:
        """Wait for the next frame; return its time of arrival by time.perf_counter."""
        requested = time.perf_counter()
        grabbed = self._capture.grab()
        now = time.perf_counter()
        if not grabbed:
            problem = "stopped sending frames" if now - requested > 1 else "has ended or was unplugged"
            raise RunError(f"{self.name} {problem}; check its cable or network and start again")
        return now

    def _measure_fps(self, seconds: float = 0.3) -> float:
        """Return the rate, in frames per second, over `seconds` or one frame, whichever takes longer."""
        began = now = self._skip_queued(0.002)
        frames = 0
        while now - began < seconds:
            now = self._grab()
            frames += 1
        return frames / (now - began)

    def _skip_queued(self, wait: float) -> float:
        """Skip the frames that were queued since the camera was opened; return when the first new one arrived.

        A frame that takes at least `wait` seconds to arrive is new; after a second, every frame counts as new.
        """
        began = requested = time.perf_counter()
        while (now := self._grab()) - requested < wait and now - began < 1:
            requested = now
        return now


class EncodedFrame:
    """A frame as the camera sent it: a JPEG that is decoded when `image` is first accessed.

    Dropped frames are then never decoded, and the pipeline decodes the others while the network's threads rest: on two
    cores, decoding at the same time as the network takes longer than decoding between its runs.

    Attributes:
        time: seconds, as in `Frame.time`.
    """

    def __init__(self, jpeg: npt.NDArray[Any], time: float, name: str) -> None:
        """Keep a JPEG for later.

        Args:
            jpeg: uint8, the bytes of the JPEG in any shape.
            time: seconds, as in `Frame.time`.
            name: the camera's name in messages.
        """
        self.time = time
        self._jpeg, self._name = jpeg, name

    @cached_property
    def image(self) -> Image:
        """The image, uint8 BGR, H x W x 3.

        Raises:
            CorruptFrameError: if it cannot be decoded or is too large.
        """
        image = None
        if size := jpeg_size(self._jpeg.tobytes()):  # a small JPEG may announce gigabytes of pixels
            check_pixels(
                size, f"a frame of {self._name}", CorruptFrameError, advice="set the camera to a smaller picture"
            )
            with contextlib.suppress(cv2.error):
                image = cv2.imdecode(self._jpeg, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise CorruptFrameError(
                f"{self._name} sends frames that cannot be decoded; check its cable or network and start again"
            )
        return cast(Image, image)
