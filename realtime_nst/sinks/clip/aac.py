"""Encode sound as AAC."""

from __future__ import annotations

from fractions import Fraction

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError
from av.filter import Graph

from ...media.demuxer import is_damage

LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}
"""The channel configurations of AAC (ISO/IEC 14496-3, table 1.19) whose layouts are FFmpeg's own."""

RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
"""Samples per second by the index that headers state."""


class AacEncoder:
    """Decodes packets of sound and encodes them as AAC; silence fills gaps, and overlaps are cut.

    The sound may change its rate, channels and format at any time.
    """

    def __init__(self, context: AudioCodecContext, tolerance: float = 0.05) -> None:
        """Create an encoder.

        Args:
            context: a codec context of AAC, whose rate and layout are set.
            tolerance: gaps and overlaps of fewer seconds are ignored.
        """
        self._context = context
        self._tolerance = tolerance
        self._graph: Graph | None = None
        self._input: tuple[str, str, int] | None = None

    def encode(self, packet: av.Packet, start: float) -> list[av.Packet]:
        """Return the packets that a packet of sound completes, with times from `start` (seconds)."""
        packets: list[av.Packet] = []
        try:
            decoded = packet.decode()
        except FFmpegError as error:
            if not is_damage(error):
                raise
            return packets  # A damaged packet leaves a gap.
        for frame in decoded:
            assert isinstance(frame, av.AudioFrame)
            if frame.pts is None:
                frame.pts, frame.time_base = packet.pts, packet.time_base
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(start / frame.time_base)
            packets += self._encode(frame)
        return packets

    def _encode(self, frame: av.AudioFrame) -> list[av.Packet]:
        packets: list[av.Packet] = []
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._graph is None or kind != self._input:
            packets += self._pull_to_end()
            self._graph, self._input = self._convert_from(frame), kind
        self._graph.push(frame)
        return packets + self._pull()

    def _convert_from(self, frame: av.AudioFrame) -> Graph:
        graph, context = Graph(), self._context
        graph.link_nodes(
            graph.add(
                "abuffer",
                sample_rate=str(frame.sample_rate),
                sample_fmt=frame.format.name,
                channel_layout=frame.layout.name,
                time_base=str(frame.time_base or Fraction(1, frame.sample_rate)),
            ),
            graph.add("aresample", f"{context.sample_rate}:async=1:min_hard_comp={self._tolerance}"),
            graph.add("aformat", f"sample_fmts=fltp:channel_layouts={context.layout.name}"),
            graph.add("abuffersink"),
        ).configure()
        return graph

    def _pull(self) -> list[av.Packet]:
        packets: list[av.Packet] = []
        while self._graph is not None:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                break
            assert isinstance(frame, av.AudioFrame)
            packets += self._context.encode(frame)
        return packets

    def _pull_to_end(self) -> list[av.Packet]:
        if self._graph is None:
            return []
        self._graph.push(None)
        packets, self._graph = self._pull(), None
        return packets

    def flush(self) -> list[av.Packet]:
        """Return the packets that are buffered."""
        return self._pull_to_end() + self._context.encode(None)


class HeaderChange:
    """Notices when copied AAC changes its rate or channels, which a file states once.

    Attributes:
        current: (samples per second, channel configuration) of the last packet that was not odd; None: there was none.
    """

    def __init__(self, extradata: bytes | None) -> None:
        """Start with the header (AudioSpecificConfig) of a stream; None: each packet has one of its own (ADTS)."""
        self._own = extradata is None
        self._first: tuple[int, int] | None = _specific_config(extradata) if extradata else None
        self.current = self._previous = self._first

    def is_odd(self, packet: av.Packet) -> bool:
        """Return whether a packet has a header that no packet before it had: it is damaged, or the first of many."""
        header = self.current
        if self._own:
            header = _adts(bytes(packet)[:4]) or self.current
        elif packet.has_sidedata("new_extradata"):
            self.current = header = self._previous = _specific_config(bytes(packet.get_sidedata("new_extradata")))
        self._first = self._first or header
        odd = header not in (self.current, self._previous) and self.current is not None
        if not odd:
            self.current = header
        self._previous = header
        return odd

    @property
    def changed(self) -> bool:
        """Whether the last packet that was not odd differs from the first in rate or channels."""
        return self.current != self._first and self._first is not None and self._first[1] in LAYOUTS

    @property
    def difference(self) -> str:
        """How the last packet differs from the first, in words."""
        (rate, channels), (first_rate, first_channels) = self.current or (0, 0), self._first or (0, 0)
        differences = [f"{rate} instead of {first_rate} Hz"] if rate != first_rate else []
        if channels != first_channels:
            differences.append(f"channels mixed from {channels} to {first_channels}")
        return ", ".join(differences)

    def encoder(self) -> AacEncoder:
        """Return an encoder whose packets fit the first header."""
        assert self._first is not None
        rate, channels = self._first
        context = av.CodecContext.create("aac", "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate, context.layout, context.format = rate, LAYOUTS[channels], "fltp"
        context.time_base = Fraction(1, rate)
        # Behind a change, FFmpeg still counts the packets of a broadcast's blocks by the first rate.
        return AacEncoder(context, tolerance=0.25)


def without_header(packet: av.Packet) -> av.Packet:
    """Return a packet without the header that an FLV repeats, over which the Matroska muxer would stumble."""
    if not packet.has_sidedata("new_extradata"):
        return packet
    copy = av.Packet(bytes(packet))
    copy.pts, copy.dts, copy.duration, copy.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    copy.stream, copy.is_keyframe = packet.stream, packet.is_keyframe
    return copy


def _adts(header: bytes) -> tuple[int, int] | None:
    """Return the rate and channel configuration of an ADTS header (ISO/IEC 13818-7, 6.2); None if it states none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return None
    index, channels = header[2] >> 2 & 15, (header[2] & 1) << 2 | header[3] >> 6
    return (RATES[index], channels) if index < len(RATES) and channels else None


def _specific_config(header: bytes) -> tuple[int, int] | None:
    """Return the rate and channel configuration of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1)."""
    if len(header) < 2:
        return None
    bits = int.from_bytes(header[:2], "big")
    index = bits >> 7 & 15
    return (RATES[index], bits >> 3 & 15) if index < len(RATES) else None
