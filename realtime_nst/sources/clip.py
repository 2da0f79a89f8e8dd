"""A clip as a source of frames, through PyAV: every frame, upright, at its exact time."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from .._closing import Closing
from ..errors import RunError, SourceError
from ..frames import Frame, Image
from ..media.clip_clock import Jump, times_may_jump
from ..media.containers import open_clip
from ..media.demuxer import Demuxer, is_damage
from ..media.images import over_white
from ..media.resize import letterbox

MOST_PASSED_OVER = 2000
"""Number of packets without a keyframe after which frames are decoded although they come before the first needed."""


class ClipSource(Closing):
    """Delivers every frame of a clip's best video stream, in order. Times count from `start`.

    Attributes:
        path: the file.
        name: its name without the folder.
        size: (height, width) in pixels, upright: that of the first frame.
        fps: frames per second on average.
        rate: the same, exactly.
        duration: seconds, of the whole clip; None: unknown.
        start, end: where reading begins and ends, in seconds from the clip's beginning; `end` None: at its end.
        pixel_aspect: width of a displayed pixel divided by its height.
        damaged: number of packets that could not be decoded; reading continues after them.
        refitted: time of the first frame of another size, which is fitted in with black bars, in seconds from `start`.
        time_base: unit of the stream's timestamps, in seconds.
        origin: time in the file, in seconds, of the clip's beginning.
        first_time: time of the first frame, in seconds from `start`.
        last_duration: how long the most recently decoded frame is displayed, in seconds, as its packet states.
    """

    live = False

    def __init__(
        self,
        path: str | Path,
        start: float = 0.0,
        end: float | None = None,
        *,
        open: Callable[[Path], InputContainer] = open_clip,
    ) -> None:
        """Open a clip and decode its first frame.

        Args:
            path: the file.
            start: where to begin, in seconds from the clip's beginning.
            end: where to end, in seconds from the clip's beginning; None: at the end of the clip.
            open: opens the file.

        Raises:
            SourceError: if the file is missing, is not a clip, holds no video or ends before `start`.
            RunError: if the file cannot be read on.
        """
        self.path = Path(path)
        self.name = self.path.name
        self.start, self.end = start, end
        self._frames: Iterator[Frame] = iter(())
        self._demuxer = Demuxer(self.path, open)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.close)
            self.time_base, self.origin = self._demuxer.time_base, self._demuxer.origin
            self.rate = self._demuxer.rate
            self.fps = float(self.rate)
            self.duration = self._find_duration()
            stated = self.duration is not None and not times_may_jump(self._demuxer.container)
            if start and stated and start >= (self.duration or 0):
                raise SourceError(f"--start {start:g} is beyond the end of {path} ({self.duration:.2f} s)")
            self._rotated = False
            self._matrices: dict[int, DisplayMatrix] = {}
            self.damaged = 0
            self.refitted: float | None = None
            self.size: tuple[int, int] = (0, 0)
            self.last_duration = 1 / self.fps
            # Half a tick of tolerance: the limits come from the command line as decimal seconds.
            self._frames = self._decode(start - float(self.time_base) / 2)
            self._next = next(self._frames, None)
            if self._next is None and start:
                raise SourceError(f"{path} holds no frame that can be decoded after --start {start:g}")
            if self._next is None:
                raise SourceError(f"{path} holds no frame that can be decoded; the file is empty or damaged")
            self.first_time = self._next.time
            self.pixel_aspect: Fraction = self.stream.sample_aspect_ratio or Fraction(1)
            if self._rotated:
                self.pixel_aspect = 1 / self.pixel_aspect
            cleanup.pop_all()

    @property
    def stream(self) -> av.VideoStream:
        """The video stream."""
        return self._demuxer.video

    @property
    def jumps(self) -> list[Jump]:
        """The jumps of the file's times so far, over which the clip's own run on."""
        return self._demuxer.clock.jumps

    def _find_duration(self) -> float | None:
        if self.stream.duration:
            return float(self.stream.duration * self.time_base)
        container = self._demuxer.container
        if not container.duration:
            return None
        # Matroska states where its last packet ends, other formats how long it is from the first one.
        late = self.origin if "matroska" in container.format.name else 0
        return float(Fraction(container.duration, av.time_base) - late)

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end.

        Raises:
            RunError: if the file cannot be read on.
        """
        frame, self._next = self._next, next(self._frames, None) if self._next else None
        return frame

    def skip_to(self, time: float) -> None:
        """Let `read` continue with the frame at `time` (seconds from `start`, to the millisecond)."""
        self._frames = self._decode(self.start + time - max(float(self.time_base) / 2, 0.001))
        self._next = next(self._frames, None)

    def close(self) -> None:
        """Close the file. Calling it again does nothing."""
        # FFmpeg reads freed memory if a closed container is read further.
        self._frames, self._next = iter(()), None
        self._demuxer.close()

    def _decode(self, earliest: float) -> Iterator[Frame]:
        """Decode the frames from `earliest` on, in seconds from the clip's beginning."""
        time = 0.0
        for frame in self._decode_packets(earliest):
            if frame.pts is not None:
                time = float(frame.pts * self.time_base)
            if self.end is not None and time >= self.end:
                return
            # A raw stream, outside any container, states only how long each frame lasts.
            now, duration = time, float((frame.duration or 0) * self.time_base) or 1 / self.fps
            time += duration
            if now < earliest:
                continue
            self.last_duration = duration
            try:
                image = _upright_bgr(frame, self._display_matrix(frame))
            except FFmpegError:  # A damaged header gave the frame a size or format that cannot be converted.
                self.damaged += 1
                continue
            yield Frame(self._fit(image, now - self.start), now - self.start)

    def _fit(self, image: Image, time: float) -> Image:
        """Return an image at the size of the first one."""
        height, width = self.size = self.size if any(self.size) else image.shape[:2]
        if image.shape[:2] == self.size:
            return image
        self.refitted = time if self.refitted is None else self.refitted
        return letterbox(image, height, width)

    def _display_matrix(self, frame: av.VideoFrame) -> DisplayMatrix:
        """Return how a frame is to be displayed, and note whether its sides are swapped."""
        # A frame whose side data was read stays in memory until the garbage collector runs: so once for each rotation.
        if frame.rotation not in self._matrices:
            self._matrices[frame.rotation] = _read_display_matrix(frame)
        matrix = self._matrices[frame.rotation]
        self._rotated = _swaps_sides(matrix)
        return matrix

    def _decode_packets(self, earliest: float) -> Iterator[av.VideoFrame]:
        packets = self._packets(earliest)
        decoder = _alpha_decoder(self.stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from decoder.decode(packet) if decoder else cast("list[av.VideoFrame]", packet.decode())
            except FFmpegError as error:
                if is_damage(error):
                    self.damaged += 1
                    continue
                raise RunError(f"reading {self.path} failed under way: {error.strerror}") from error

    def _packets(self, earliest: float) -> Iterator[av.Packet]:
        """Yield the packets of the images from the last keyframe before `earliest` (seconds) on."""
        packets = self._demuxer.packets(self.start)
        video = self.stream.index
        group: list[av.Packet] = []
        reached = earliest <= 0
        for packet in packets:
            if packet.stream.index != video:
                continue
            if not reached:
                time = None if packet.pts is None else packet.pts * packet.time_base
                if packet.size and time is not None and time < earliest and len(group) < MOST_PASSED_OVER:
                    group = [packet] if packet.is_keyframe else [*group, packet]
                    continue
                reached = True
                yield from group
            yield packet


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
