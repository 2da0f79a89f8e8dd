"""Clips as a source of frames, through PyAV: every frame, the right way up, with its exact time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np

from ..errors import RunError, SourceError
from ..frames import Frame, Image
from ..media.containers import open_clip
from ..media.images import over_white

BROADCAST = ("mpegts", "mpeg")
"""FFmpeg's names of the formats that are cut out of a stream that was there before."""


class ClipSource:
    """Every frame of a clip's best video stream, in order, from `start` to `end` (seconds of the clip).

    Times count from `start`. Raises SourceError where the file is missing, is no clip or holds no video.
    """

    live = False

    def __init__(self, path: str | Path, start: float = 0.0, end: float | None = None):
        self.path = Path(path)
        self.name = self.path.name
        self.start, self.end = start, end
        self._container = open_clip(self.path)
        stream = self._container.streams.best("video")
        if stream is None or stream.disposition & av.stream.Disposition.attached_pic:  # a cover is no video
            self._container.close()
            raise SourceError(f"{path} holds no video; give a clip with pictures in it")
        if stream.codec_context is None:
            self._container.close()
            raise SourceError(
                f"the pictures of {path} are of a kind that FFmpeg cannot decode; convert the clip to H.264 first"
            )
        stream.thread_type = "AUTO"
        self.stream = stream
        self.time_base: Fraction = stream.time_base
        self.fps = float(stream.average_rate or stream.guessed_rate or 30)
        self.zero = _first_time(self._container)
        """The time in the file, in seconds, that is the clip's beginning."""
        self.duration = self._find_duration()
        if start and self.duration is not None and start >= self.duration:
            self._container.close()
            raise SourceError(f"--start {start:g} lies behind the end of {path} ({self.duration:.2f} s)")
        self._turned = False
        self.damaged = 0
        """How many packets could not be decoded; the clip goes on behind them."""
        if start:
            self._seek(start)
        self._frames = self._decode()
        self._next = next(self._frames, None)
        if self._next is None:
            self._container.close()
            raise SourceError(f"{path} holds no picture that can be decoded; the file is empty or damaged")
        self.size = self._next.image.shape[:2]
        self.first = self._next.time
        """When the first frame is shown, in seconds from `start`."""
        self.pixel_aspect: Fraction = stream.sample_aspect_ratio or Fraction(1)
        """Width to height of a pixel as it is to be shown."""
        if self._turned:
            self.pixel_aspect = 1 / self.pixel_aspect

    def _find_duration(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def read(self) -> Frame | None:
        """The next frame, or None at the end."""
        frame, self._next = self._next, next(self._frames, None) if self._next else None
        return frame

    def skip_to(self, time: float) -> None:
        """Go to the frame at `time` (seconds from `start`, to the millisecond), which `read` then gives next."""
        self._seek(self.start + time)
        behind = time - max(float(self.time_base) / 2, 0.001)
        self._frames = (frame for frame in self._decode() if frame.time >= behind)
        self._next = next(self._frames, None)

    def close(self) -> None:
        self._container.close()

    def _seek(self, time: float) -> None:
        # Broadcasts have no index of keyframes, and none may lie between `time` and where a seek lands.
        broadcast = self._container.format.name in BROADCAST
        self._container.seek(0 if broadcast else int(time / self.time_base), stream=self.stream, backward=True)

    def _decode(self) -> Iterator[Frame]:
        reckoned = 0.0
        for frame in self._decoded():
            if frame.pts is None:  # a stream outside of any container tells only how long each frame lasts
                time = reckoned
                reckoned += float(frame.duration * self.time_base) or 1 / self.fps
            else:
                time = float(frame.pts * self.time_base - self.zero)
            # Half a tick of tolerance: the bound came from the command line in decimal seconds.
            if time < self.start - self.time_base / 2:
                continue
            if self.end is not None and time >= self.end:
                return
            self._turned = bool(frame.rotation % 180)
            yield Frame(_upright(frame), float(time - self.start))

    def _decoded(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self.stream)
        decoder = _alpha_decoder(self.stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from decoder.decode(packet) if decoder else packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1
            except av.error.FFmpegError as error:
                raise RunError(f"reading {self.path} failed under way: {error.strerror}") from error


def _first_time(container: av.container.InputContainer) -> Fraction:
    """The time of a broadcast's first packet, whose clock runs whether or not it is recorded; else 0."""
    if container.format.name not in BROADCAST:
        return Fraction(0)
    return min((s.start_time * s.time_base for s in container.streams if s.start_time is not None), default=Fraction(0))


def _alpha_decoder(stream: av.VideoStream) -> av.VideoCodecContext | None:
    """The decoder that sees a WebM clip's transparency, which FFmpeg's own leaves out."""
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    tags = {key.lower(): value for key, value in stream.metadata.items()}  # ALPHA_MODE where a tag repeats the header
    if name is None or tags.get("alpha_mode") != "1":
        return None
    return av.CodecContext.create(name, "r")


def _upright(frame: av.VideoFrame) -> Image:
    """The frame as BGR with the container's rotation applied; transparency lies over white.

    Pictures that do not say how their colours are coded are read as FFmpeg reads them: BT.601, limited range.
    """
    if any(component.is_alpha for component in frame.format.components):
        image = over_white(frame.to_ndarray(format="bgra"))
    else:
        image = frame.to_ndarray(format="bgr24")
    if frame.rotation:
        image = np.rot90(image, k=round(frame.rotation / 90))
    return np.ascontiguousarray(image)
