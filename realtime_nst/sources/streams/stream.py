"""A live stream from the network."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from typing import cast

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np
from av.container import InputContainer
from av.error import ExitError, FFmpegError, InvalidDataError

from ...errors import CorruptFrameError, SourceError
from ...frames import Frame
from ..camera import sane_rate
from ..guarded import GuardedSource, LostError
from ..realtime import Playback
from .jpeg import EncodedFrame, at_time

START_OF_JPEG = b"\xff\xd8"


class NetworkStream(GuardedSource):
    """A live stream, opened through FFmpeg.

    The frames of cameras are shown as they arrive, which is their time. A stream that arrives in lumps, such as HLS, is
    played by its own times instead.

    Attributes:
        name: its address, without secrets.
        size: (height, width) in pixels.
        fps: frames per second: measured for JPEG streams, otherwise as the stream states it.
        timeout: seconds without a frame after which the stream counts as lost.
        began: time.perf_counter at time 0 of its frames; None: at the first frame.
    """

    live = True
    faces_user = False

    def __init__(
        self, container: InputContainer, name: str, *, first: Sequence[av.Packet] = (), in_lumps: bool, timeout: float
    ) -> None:
        """Take over an open stream and read its first frame. The caller closes the container if this raises.

        Args:
            container: the open stream.
            name: its name in messages.
            first: packets of its video that have been read.
            in_lumps: whether to play it by its own times.
            timeout: seconds without a frame after which it counts as lost.

        Raises:
            SourceError: if it holds no video, or no first frame comes.
            LostError: if it breaks off while its rate is measured.
        """
        super().__init__()
        self.name = name
        self.timeout = timeout
        self.began: float | None = None
        self.fps = 30.0
        self._closing = threading.Event()
        self._container = container
        stream = container.streams.best("video")
        if not isinstance(stream, av.VideoStream) or stream.codec_context is None:
            raise SourceError(f"{name} sends no video that can be decoded; give the address of its video")
        # Decoding several frames at once would delay each by as many.
        stream.thread_type = "AUTO" if in_lumps else "SLICE"
        self._stream = stream
        self._packets = itertools.chain(first, container.demux(stream))
        self._jpegs = stream.codec_context.name == "mjpeg"
        self._playback: Playback | None = None
        self._in_lumps = in_lumps
        self._images = self._jpeg_images() if self._jpegs else self._decoded_images()
        self.size = self._first_size()
        # FFmpeg states 25 fps for every stream of JPEGs.
        self.fps = self._measure_fps() if self._jpegs else sane_rate(float(stream.average_rate or 0))

    def close(self) -> None:
        """Close the stream, now or when the read under way returns. Calling it again does nothing."""
        self._closing.set()
        super().close()

    def _read(self) -> Frame | None:
        frame = next(self._images, None)
        if frame is None:  # It was read on after an error.
            raise LostError(f"{self.name} has ended or was unplugged")
        if not self._in_lumps:
            now = time.perf_counter()
            self.began = now if self.began is None else self.began
            return at_time(frame, now - self.began)
        self._playback = self._playback or Playback(self.began)
        due, moment = self._playback.schedule(frame.time)
        self.began = self._playback.began
        self._closing.wait(max(due - time.perf_counter(), 0))
        return at_time(frame, moment)

    def _release(self) -> None:
        self._container.close()

    def _first_size(self, tries: int = 5) -> tuple[int, int]:
        frame = None
        for frame in itertools.islice(self._images, tries):
            with contextlib.suppress(CorruptFrameError):
                height, width = frame.image.shape[:2]
                return height, width
        raise SourceError(f"{self.name} was opened but delivered no frame")

    def _jpeg_images(self) -> Iterator[Frame]:
        for packet in self._receive():
            data = bytes(packet)
            jpeg = np.frombuffer(data, np.uint8)[max(data.find(START_OF_JPEG), 0) :]
            yield cast(Frame, EncodedFrame(jpeg, 0.0, self.name))

    def _decoded_images(self) -> Iterator[Frame]:
        moment = 0.0
        for packet in self._receive():
            with contextlib.suppress(InvalidDataError):
                for frame in cast("list[av.VideoFrame]", packet.decode()):
                    moment = moment + 1 / self.fps if frame.time is None else frame.time
                    yield Frame(frame.to_ndarray(format="bgr24"), moment)

    def _receive(self) -> Iterator[av.Packet]:
        """Yield the packets of the video. Raises LostError when no more come."""
        try:
            yield from (packet for packet in self._packets if packet.size)
        except ExitError as error:
            raise LostError(f"{self.name} stopped sending frames") from error
        except (OSError, FFmpegError) as error:
            raise LostError(f"{self.name} has ended or was unplugged") from error
        raise LostError(f"{self.name} has ended or was unplugged")

    def _measure_fps(self, seconds: float = 0.3) -> float:
        """Return the rate, in frames per second, over `seconds` or one frame, whichever takes longer."""
        began = now = self._skip_queued(0.002)
        frames = 0
        while now - began < seconds and next(self._images, None) is not None:
            now = time.perf_counter()
            frames += 1
        return frames / (now - began)

    def _skip_queued(self, wait: float) -> float:
        """Skip the frames that were queued since the stream was opened; return when the first new one arrived.

        A frame that takes at least `wait` seconds to arrive is new; after a second, every frame counts as new.
        """
        began = requested = time.perf_counter()
        while next(self._images, None) is not None:
            now = time.perf_counter()
            if now - requested >= wait or now - began >= 1:
                return now
            requested = now
        raise LostError(f"{self.name} has ended or was unplugged")
