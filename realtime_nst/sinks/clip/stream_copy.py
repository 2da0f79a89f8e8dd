"""Copy the streams that accompany the video of a clip: sound and subtitles."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.stream import Stream

from ..._closing import Closing
from ...media.demuxer import Demuxer, is_damage
from .aac import AacEncoder, HeaderChange, without_header
from .trial import first_packets, why_refused

if TYPE_CHECKING:
    from av.container.core import Chapter


class OriginalClip(Protocol):
    """The facts that a writer needs about the clip whose streams it copies. `sources.clip.ClipSource` has them."""

    path: Path
    time_base: Fraction
    """Unit of the video stream's timestamps, in seconds."""
    rate: Fraction
    """Frames per second, on average."""
    start: float
    """Where reading begins, in seconds from the clip's beginning."""
    end: float | None
    """Where reading ends, in seconds from the clip's beginning; None: at the end of the clip."""
    first_time: float
    """Time of the first frame, in seconds from `start`."""
    last_duration: float
    """Display duration of the last frame read, in seconds."""

    @property
    def stream(self) -> av.VideoStream:
        """The video stream that is stylized; its container is open."""
        ...


class StreamCopier(Closing):
    """Copies every sound and subtitle stream of a clip into an output container.

    Packets are copied bit for bit if the container accepts their codec; otherwise sound is encoded as AAC. The clip is
    opened a second time, so that its sound is read independently of the frames.

    Attributes:
        chapters: the clip's chapters, in seconds of the output; whoever writes the complete file adds them.
        end: where the last packet written ends, in seconds of the output.
    """

    def __init__(self, source: OriginalClip, output: OutputContainer, notices: list[str]) -> None:
        """Add the streams to `output`, to which nothing has been written yet.

        Args:
            source: the clip.
            output: the container to copy into.
            notices: receives a sentence for each stream that is not kept as it is.

        Raises:
            SourceError: if the clip cannot be opened again.
        """
        self._start, self._end = source.start, source.end
        self.end = 0.0
        self._output = output
        self._notices = notices
        self._targets: dict[int, Stream] = {}
        self._filters: dict[int, av.BitStreamFilterContext] = {}
        self._encoders: dict[int, AacEncoder] = {}
        self._headers: dict[int, HeaderChange] = {}
        self._changed: dict[int, AacEncoder] = {}
        """The encoders of copied tracks, while their headers differ from the first."""
        self._told_changes: set[int] = set()
        self._written: dict[int, Fraction] = {}
        """The decoding time of each stream's last packet, in seconds of the output."""
        self._moved = 0
        self._damaged = 0
        self._odd: dict[int, av.Packet] = {}
        """A copied packet with a header of its own: the next one shows whether it is damaged."""
        self._demuxer = Demuxer(source.path)
        self._input = self._demuxer.container
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.close)
            others = [stream for stream in self._input.streams if stream.index != source.stream.index]
            packets = first_packets(source.path, [stream.index for stream in others if _can_be_copied(stream)])
            for stream in others:
                self._add(stream, packets.get(stream.index))
            self.chapters = self._cut_chapters()
            self._packets = self._demux()
            self._next = next(self._packets, None)
            cleanup.pop_all()

    def _add(self, stream: Stream, packet: av.Packet | None) -> None:
        """Add a stream to the output: copied if the container accepts it, otherwise re-encoded if it is sound.

        Args:
            stream: the stream of the clip.
            packet: its first packet, to try on the container; None if it has none near the beginning.
        """
        target: Stream | None = None
        context = stream.codec_context
        codec = context.name if context else "unknown"
        # A broadcast describes its AAC sound in every packet; the containers written here do so once.
        needs_filter = codec == "aac" and not context.extradata
        bitstream_filter = "aac_adtstoasc" if needs_filter else None
        refused = self._why_not_copied(stream, codec, packet, bitstream_filter)
        if refused is None:
            target = self._targets[stream.index] = self._output.add_stream_from_template(stream)
            if bitstream_filter:
                self._filters[stream.index] = av.BitStreamFilterContext(bitstream_filter, stream)
            if codec == "aac":
                self._headers[stream.index] = HeaderChange(context.extradata)
        elif isinstance(stream, AudioStream) and context:
            target, changes = _add_aac(stream, self._output)
            self._encoders[stream.index] = AacEncoder(target.codec_context)
            self._targets[stream.index] = target
            self._notices.append(
                f"sound track {stream.index} ({codec}) is encoded anew as AAC{''.join(f', {c}' for c in changes)}: "
                f"{self._output.format.name} files cannot hold it as it is"
            )
        if target is None:
            kind = {"video": "further video", "data": "data", "attachment": "attachment"}.get(stream.type, stream.type)
            why = "" if context else ", which FFmpeg cannot decode,"
            self._notices.append(f"{kind} stream {stream.index} ({codec}){why} is not kept")
        else:
            target.metadata.update(without_timecode(stream.metadata, self._output))

    def _why_not_copied(
        self, stream: Stream, codec: str, packet: av.Packet | None, bitstream_filter: str | None
    ) -> str | None:
        """Return the reason why the output cannot hold a stream as it is; None if it can."""
        if not _can_be_copied(stream) or codec not in self._output.supported_codecs:
            return "it is of another kind"
        container = self._output.format.name
        if codec.startswith("pcm_") and container == "mp4":
            # The standard for it is recent: many players play it as noise at full volume.
            return "few players understand it"
        return why_refused(container, stream, packet, bitstream_filter)

    def _cut_chapters(self) -> list[Chapter]:
        chapters: list[Chapter] = []
        begin = self._demuxer.origin + Fraction(self._start)
        for chapter in self._input.chapters():
            time_base = chapter["time_base"] or Fraction(1, av.time_base)
            offset = round(begin / time_base)
            end = chapter["end"]
            if self._end is not None:
                end = min(end, round((self._demuxer.origin + Fraction(self._end)) / time_base))
            start, end = max(chapter["start"] - offset, 0), end - offset
            if start < end:
                cut = chapter.copy()
                cut["start"], cut["end"] = start, end
                chapters.append(cut)
        return chapters

    def _demux(self) -> Iterator[av.Packet]:
        if not self._targets:
            return
        packets = self._demuxer.packets(self._start, self._targets)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                self._notices.append(f"sound and subtitles end early: {error.strerror}")
                return
            if packet is None:
                return
            if packet.pts is None or packet.dts is None or packet.stream.index not in self._targets:
                continue
            time = float(packet.pts * packet.time_base)
            if (self._start and time < self._start) or (self._end is not None and time >= self._end):
                continue
            yield packet

    def mux_until(self, time: float | None) -> None:
        """Write every packet up to `time` (seconds of the output), or all remaining packets if it is None."""
        while (packet := self._next) is not None:
            if time is not None and float((packet.dts or 0) * packet.time_base) - self._start > time:
                return
            self._write(packet)
            self._next = next(self._packets, None)
        if time is None:
            for index, encoder in (self._encoders | self._changed).items():
                self._mux(index, encoder.flush())
            self._damaged += len(self._odd)
            if self._damaged:
                what = "a damaged packet" if self._damaged == 1 else f"{self._damaged} damaged packets"
                self._notices.append(f"{what} of sound left out")
            if self._moved:
                what = "a packet" if self._moved == 1 else f"{self._moved} packets"
                self._notices.append(f"{what} of sound or subtitles overlapped others and came after them instead")

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        end = float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base) - self._start
        self.end = max(self.end, end)
        if header := self._headers.get(index):
            before = header.current
            odd = self._odd.pop(index, None)
            if header.is_odd(packet):
                self._odd[index] = packet
            if odd and header.current != before:
                self._write_stream(odd)  # It was the first of many.
            elif odd:
                self._damaged += 1
            if index in self._odd:
                return
        self._write_stream(packet)

    def _write_stream(self, packet: av.Packet) -> None:
        index = packet.stream.index
        encoder = self._encoders.get(index) or self._encoder_of_changed(packet)
        if encoder:
            self._mux(index, encoder.encode(packet, self._start))
            return
        shift = round(self._start / packet.time_base)
        packet.pts = (packet.pts or 0) - shift
        packet.dts = (packet.dts or 0) - shift
        try:
            converted = self._filters[index].filter(packet) if index in self._filters else [without_header(packet)]
        except FFmpegError as error:
            if not is_damage(error):
                raise
            self._damaged += 1  # It leaves a gap.
            return
        self._mux(index, converted)

    def _encoder_of_changed(self, packet: av.Packet) -> AacEncoder | None:
        """Return the encoder for a packet of a copied track if its header is not that of the file; otherwise None."""
        index = packet.stream.index
        header = self._headers.get(index)
        if header is None or not header.changed:
            if index in self._changed:
                self._mux(index, self._changed.pop(index).flush())
            return None
        if index not in self._changed:
            self._changed[index] = header.encoder()
        if index not in self._told_changes:
            self._told_changes.add(index)
            time = float((packet.pts or 0) * packet.time_base) - self._start
            self._notices.append(
                f"sound track {index} changes at {time:.1f} s ({header.difference}) and is encoded anew there"
            )
        return self._changed[index]

    def _mux(self, index: int, packets: list[av.Packet]) -> None:
        """Write packets to a stream. Sound that does not come after the last packet is moved behind it."""
        target = self._targets[index]
        # Subtitles may come together, but not before others that are written.
        tick = Fraction(1, target.rate) if isinstance(target, AudioStream) else Fraction(0)
        for packet in packets:
            if packet.dts is not None and index in self._written:
                late = self._written[index] + tick - packet.dts * packet.time_base
                if late > 0:
                    ticks = math.ceil(late / packet.time_base)
                    packet.pts, packet.dts = (packet.pts or 0) + ticks, packet.dts + ticks
                    self._moved += 1
            if packet.dts is not None:
                self._written[index] = packet.dts * packet.time_base
            packet.stream = target
            self._output.mux(packet)

    def close(self) -> None:
        """Close the clip. Calling it again does nothing."""
        self._demuxer.close()


def _can_be_copied(stream: Stream) -> bool:
    return stream.type in ("audio", "subtitle") and stream.codec_context is not None


def without_timecode(metadata: Mapping[str, str], output: OutputContainer) -> dict[str, str]:
    """Return tags without a timecode if `output` would turn it into a track, which its fragments cannot hold."""
    makes_track = output.format.name in ("mp4", "mov", "ipod")
    return {key: value for key, value in metadata.items() if not (makes_track and key.lower() == "timecode")}


def _add_aac(stream: AudioStream, output: OutputContainer) -> tuple[AudioStream, list[str]]:
    """Add a stream of AAC for a sound track. Return it, and what else differs: the sample rate or the channels."""
    rates = av.Codec("aac", "w").audio_rates or [stream.rate]
    rate = min(rates, key=lambda each: (abs(each - stream.rate), -each))
    target: AudioStream = output.add_stream("aac", rate=rate)
    # Some containers state only the number of channels; AAC also needs their layout.
    target.layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(stream.channels, "stereo")
    changes: list[str] = []
    if rate != stream.rate:
        changes.append(f"at {rate} instead of {stream.rate} Hz")
    if stream.channels not in (1, 2, 6):
        changes.append(f"its {stream.channels} channels mixed to 2")
    return target, changes
