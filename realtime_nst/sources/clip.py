"""A clip as a source of frames, through PyAV: every frame, upright, at its exact time."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext

from .._closing import Closing
from ..errors import RunError, SourceError
from ..frames import Frame, Image
from ..media.containers import open_clip
from ..media.images import over_white

BROADCAST = ("mpegts", "mpeg")
"""FFmpeg's names of broadcast formats, whose clock may start anywhere."""


class ClipSource(Closing):
    """Delivers every frame of a clip's best video stream, in order. Times count from `start`.

    Attributes:
        path: the file.
        name: its name without the folder.
        size: (height, width) in pixels, upright.
        fps: frames per second on average.
        duration: seconds, of the whole clip; None: unknown.
        start, end: where reading begins and ends, in seconds from the clip's beginning; `end` None: at its end.
        pixel_aspect: width of a displayed pixel divided by its height.
        damaged: number of packets that could not be decoded; reading continues after them.
        stream: the video stream.
        time_base: unit of the stream's timestamps, in seconds.
        origin: time in the file, in seconds, of the clip's beginning.
        first_time: time of the first frame, in seconds from `start`.
        last_duration: how long the most recently decoded frame is displayed, in seconds, as its packet states.
    """

    live = False

    def __init__(self, path: str | Path, start: float = 0.0, end: float | None = None) -> None:
        """Open a clip and decode its first frame.

        Args:
            path: the file.
            start: where to begin, in seconds from the clip's beginning.
            end: where to end, in seconds from the clip's beginning; None: at the end of the clip.

        Raises:
            SourceError: if the file is missing, is not a clip, holds no video or ends before `start`.
            RunError: if the file cannot be read on.
        """
        self.path = Path(path)
        self.name = self.path.name
        self.start, self.end = start, end
        self._container = open_clip(self.path)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.close)
            self.stream = _video_stream(self._container, self.path)
            self.time_base: Fraction = self.stream.time_base or Fraction(1, av.time_base)
            self.fps = float(self.stream.average_rate or self.stream.guessed_rate or 30)
            self.origin = _first_time(self._container)
            self.duration = self._find_duration()
            if start and self.duration is not None and start >= self.duration:
                raise SourceError(f"--start {start:g} is beyond the end of {path} ({self.duration:.2f} s)")
            self._rotated = False
            self._matrices: dict[int, DisplayMatrix] = {}
            self.damaged = 0
            self.last_duration = 1 / self.fps
            if start:
                self._seek(start)
            self._frames = self._decode()
            self._next = next(self._frames, None)
            if self._next is None and start:
                raise SourceError(f"{path} holds no frame that can be decoded after --start {start:g}")
            if self._next is None:
                raise SourceError(f"{path} holds no frame that can be decoded; the file is empty or damaged")
            height, width = self._next.image.shape[:2]
            self.size = (height, width)
            self.first_time = self._next.time
            self.pixel_aspect: Fraction = self.stream.sample_aspect_ratio or Fraction(1)
            if self._rotated:
                self.pixel_aspect = 1 / self.pixel_aspect
            cleanup.pop_all()

    def _find_duration(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end.

        Raises:
            RunError: if the file cannot be read on.
        """
        frame, self._next = self._next, next(self._frames, None) if self._next else None
        return frame

    def skip_to(self, time: float) -> None:
        """Let `read` continue with the frame at `time` (seconds from `start`, to the millisecond)."""
        self._seek(self.start + time)
        earliest = time - max(float(self.time_base) / 2, 0.001)
        self._frames = (frame for frame in self._decode() if frame.time >= earliest)
        self._next = next(self._frames, None)

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        # FFmpeg reads freed memory if a closed container is read further.
        self._frames, self._next = iter(()), None
        self._container.close()

    def _seek(self, time: float) -> None:
        # Broadcasts have no index of keyframes: a seek may land behind the last keyframe before `time`.
        broadcast = self._container.format.name in BROADCAST
        tick = 0 if broadcast else min(int(time / self.time_base), 1 << 62)
        try:
            self._container.seek(tick, stream=self.stream, backward=True)
        except FFmpegError:
            # There is no index, or a damaged one. Read from the beginning: earlier frames are dropped anyway.
            self._container.close()
            self._container = open_clip(self.path)
            self.stream = _video_stream(self._container, self.path)

    def _decode(self) -> Iterator[Frame]:
        elapsed = 0.0
        for frame in self._decode_packets():
            if frame.pts is None:  # A raw stream, outside any container, states only how long each frame lasts.
                time = elapsed
                elapsed += float(frame.duration * self.time_base) or 1 / self.fps
            else:
                time = float(frame.pts * self.time_base - self.origin)
            # Half a tick of tolerance: the limits come from the command line as decimal seconds.
            if time < self.start - self.time_base / 2:
                continue
            if self.end is not None and time >= self.end:
                return
            self.last_duration = float((frame.duration or 0) * self.time_base) or 1 / self.fps
            try:
                image = _upright_bgr(frame, self._display_matrix(frame))
            except FFmpegError:  # A damaged header gave the frame a size or format that cannot be converted.
                self.damaged += 1
                continue
            yield Frame(image, float(time - self.start))

    def _display_matrix(self, frame: av.VideoFrame) -> DisplayMatrix:
        """Return how a frame is to be displayed, and note whether its sides are swapped."""
        # A frame whose side data was read stays in memory until the garbage collector runs: so once for each rotation.
        if frame.rotation not in self._matrices:
            self._matrices[frame.rotation] = _read_display_matrix(frame)
        matrix = self._matrices[frame.rotation]
        self._rotated = _swaps_sides(matrix)
        return matrix

    def _decode_packets(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self.stream)
        decoder = _alpha_decoder(self.stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from decoder.decode(packet) if decoder else cast("list[av.VideoFrame]", packet.decode())
            except InvalidDataError:
                self.damaged += 1
            except FFmpegError as error:
                raise RunError(f"reading {self.path} failed under way: {error.strerror}") from error


def _video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """Return the video stream to read. Raises SourceError if there is none that can be decoded."""
    stream = cast("av.VideoStream | None", container.streams.best("video"))
    if stream is None or stream.disposition & Disposition.attached_pic:  # Cover art is not video.
        raise SourceError(f"{path} holds no video; give a clip with video")
    if stream.codec_context is None:
        raise SourceError(f"FFmpeg cannot decode the video of {path}; convert the clip to H.264 first")
    stream.thread_type = "AUTO"
    return stream


def _first_time(container: InputContainer) -> Fraction:
    """Return the time of a broadcast's first packet, since its clock does not start with the recording; otherwise 0."""
    if container.format.name not in BROADCAST:
        return Fraction(0)
    return min(
        (s.start_time * s.time_base for s in container.streams if s.start_time is not None and s.time_base),
        default=Fraction(0),
    )


def _alpha_decoder(stream: av.VideoStream) -> VideoCodecContext | None:
    """Return the decoder that reads a WebM clip's transparency, which FFmpeg's own VP8 and VP9 decoders ignore."""
    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    tags = {key.lower(): value for key, value in stream.metadata.items()}  # ALPHA_MODE where a tag repeats the header
    if name is None or tags.get("alpha_mode") != "1":
        return None
    return cast(VideoCodecContext, av.CodecContext.create(name, "r"))


def _upright_bgr(frame: av.VideoFrame, matrix: DisplayMatrix) -> Image:
    """Return a frame as BGR, rotated and mirrored as the container specifies, with transparency over white.

    Frames that do not state their colour coding are read as FFmpeg reads them: BT.601, limited range.
    """
    if any(component.is_alpha for component in frame.format.components):
        image = over_white(frame.to_ndarray(format="bgra"))
    else:
        image = frame.to_ndarray(format="bgr24")
    return np.ascontiguousarray(_lay(image, matrix))


DisplayMatrix = tuple[int, int, int, int]
"""(a, b, c, d): the image's x axis is displayed along (a, b), its y axis along (c, d); x points right, y down."""


def _read_display_matrix(frame: av.VideoFrame) -> DisplayMatrix:
    """Return how to display a frame. FFmpeg's `rotation` does not say whether it is mirrored."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return (1, 0, 0, 1)
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    return (a, b, c, d)


def _lay(image: Image, matrix: DisplayMatrix) -> Image:
    """Return an image displayed by the nearest of the eight rotations and reflections to `matrix`."""
    a, b, c, d = matrix
    if abs(b) > abs(a):  # its x axis is displayed vertically
        image = image.transpose(1, 0, 2)
        a, d = c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _swaps_sides(matrix: DisplayMatrix) -> bool:
    return abs(matrix[1]) > abs(matrix[0])
