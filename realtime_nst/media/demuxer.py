"""A clip's packets with times that count from its beginning, from any time on."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.error import FFmpegError, HTTPClientError, HTTPError
from av.stream import Disposition

from .._closing import Closing
from ..errors import SourceError
from ..process import cpu_limit
from .clip_clock import ClipClock, has_times, times_may_jump
from .containers import open_clip

if TYPE_CHECKING:
    from av.container import InputContainer

FAST, FASTEST = 240, 1000
"""Frames per second beyond which a stated rate is doubtful, and impossible."""


def is_damage(error: FFmpegError) -> bool:
    """Return whether an error comes from a clip's contents rather than from its disk, its server or the memory."""
    # FFmpeg's own codes are large; its demuxers also answer with these two of the system's.
    number = 0 if isinstance(error, (HTTPError, HTTPClientError)) else error.errno or 0
    return number > 0xFFFF or number in (errno.EPERM, errno.EINVAL)


class Demuxer(Closing):
    """An open clip: its streams, and their packets by the clip's own clock.

    Attributes:
        path: the file.
        container: the open file.
        video: its best video stream.
        time_base: unit of the video's timestamps, in seconds.
        rate: frames per second, on average.
        clock: the clock of the packets that are being read.
    """

    def __init__(self, path: Path, open: Callable[[Path], InputContainer] = open_clip) -> None:
        """Open a file.

        Args:
            path: the file.
            open: opens it, again where it cannot be read anew otherwise.

        Raises:
            SourceError: if it is missing, is not a clip, or holds no video that can be decoded.
        """
        self.path = path
        self._open_container = open
        self._open()
        self.time_base: Fraction = self.video.time_base or Fraction(1, av.time_base)
        self.rate = _frame_rate(self.video)

    def _open(self) -> None:
        self.container: InputContainer = self._open_container(self.path)
        try:
            self.video = _video_stream(self.container, self.path)
        except SourceError:
            self.container.close()
            raise
        self.clock = ClipClock(self.container, self.video)
        self._unread = True

    @property
    def origin(self) -> Fraction:
        """Time in the file, in seconds, of the clip's beginning."""
        return self.clock.origin

    def packets(self, start: float = 0.0, others: Iterable[int] = ()) -> Iterator[av.Packet]:
        """Yield the packets from the keyframe before `start` or earlier on, and the empty ones that end the streams.

        It can be called again, to read anew.

        Args:
            start: the time from which on all packets are needed.
            others: indices of the streams to read besides the images and the sound.

        Raises:
            SourceError: if the file cannot be opened again.
            FFmpegError: if it cannot be read on.
        """
        sought = self._go_to(start)
        self._unread = False
        self.clock = ClipClock(self.container, self.video)
        wanted = {stream.index for stream in self.clock.streams}.union(others)
        streams = [stream for stream in self.container.streams if stream.index in wanted]
        return self.clock.run(self.container.demux(streams), sought=sought)

    def _go_to(self, start: float) -> bool:
        """Go to the keyframe before `start`, or to the beginning. Return whether it is not the beginning."""
        if start and has_times(self.container) and not times_may_jump(self.container):
            try:
                tick = min(int((start + self.origin) / self.time_base), 1 << 62)
                self.container.seek(tick, stream=self.video, backward=True)
                return True
            except FFmpegError:  # There is no index, or a damaged one.
                self._unread = False
        if not self._unread:
            self.container.close()
            self._open()
        return False

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        self.container.close()


def _video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream) or stream.disposition & Disposition.attached_pic:  # cover art
        raise SourceError(f"{path} holds no video; give a clip with video")
    if stream.codec_context is None:
        raise SourceError(f"FFmpeg cannot decode the video of {path}; convert the clip to H.264 first")
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = cpu_limit()
    return stream


def _frame_rate(stream: av.VideoStream) -> Fraction:
    """Return the average rate. Some formats, such as DV and FLV, state the unit of their timestamps instead."""
    rates = [rate for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate and rate > 0]
    likely = rates[0] if rates and rates[0] <= FAST else min(rates, default=Fraction(30))
    return likely if likely <= FASTEST else Fraction(30)
