"""Copy the streams that accompany the video of a clip: sound and subtitles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Stream

from ..._closing import Closing
from ...media.containers import open_clip
from .trial import first_packets, why_refused

if TYPE_CHECKING:
    from av.container.core import Chapter


class OriginalClip(Protocol):
    """The facts that a writer needs about the clip whose streams it copies. `sources.clip.ClipSource` has them."""

    path: Path
    stream: av.VideoStream
    """The video stream that is stylized; its container is open."""
    time_base: Fraction
    """Unit of the video stream's timestamps, in seconds."""
    origin: Fraction
    """Time in the file, in seconds, at which the clip begins."""
    start: float
    """Where reading begins, in seconds from `origin`."""
    end: float | None
    """Where reading ends, in seconds from `origin`; None: at the end of the clip."""
    first_time: float
    """Time of the first frame, in seconds from `start`."""
    last_duration: float
    """Display duration of the last frame read, in seconds."""


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
        self._start = source.start + float(source.origin)
        self._end = None if source.end is None else source.end + float(source.origin)
        self.end = 0.0
        self._output = output
        self._notices = notices
        self._copies: dict[int, Stream] = {}
        self._filters: dict[int, av.BitStreamFilterContext] = {}
        self._encoders: dict[int, _AacEncoder] = {}
        self._input = open_clip(source.path)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.close)
            others = [stream for stream in self._input.streams if stream.index != source.stream.index]
            packets = first_packets(source.path, [stream.index for stream in others if _can_be_copied(stream)])
            for stream in others:
                self._add(stream, packets.get(stream.index))
            self.chapters = self._cut_chapters()
            self._packets = self._demux([self._input.streams[i] for i in sorted({*self._copies, *self._encoders})])
            self._next = next(self._packets, None)
            cleanup.pop_all()

    def _add(self, stream: Stream, packet: av.Packet | None) -> None:
        """Add a stream to the output: copied if the container accepts it, otherwise re-encoded if it is sound.

        Args:
            stream: the stream of the clip.
            packet: its first packet, to try on the container; None if it has none near the beginning.
        """
        target: Stream | None = None
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        # A broadcast describes its AAC sound in every packet; the containers written here do so once.
        needs_filter = codec == "aac" and not stream.codec_context.extradata
        bitstream_filter = "aac_adtstoasc" if needs_filter else None
        refused = self._why_not_copied(stream, codec, packet, bitstream_filter)
        if refused is None:
            target = self._copies[stream.index] = self._output.add_stream_from_template(stream)
            if bitstream_filter:
                self._filters[stream.index] = av.BitStreamFilterContext(bitstream_filter, stream)
        elif isinstance(stream, AudioStream) and stream.codec_context:
            encoder = self._encoders[stream.index] = _AacEncoder(stream, self._output)
            target = encoder.stream
            changes = "".join(f", {change}" for change in encoder.changes)
            self._notices.append(
                f"sound track {stream.index} ({codec}) is encoded anew as AAC{changes}: "
                f"{self._output.format.name} files cannot hold it as it is"
            )
        if target is None:
            kind = {"video": "further video", "data": "data", "attachment": "attachment"}.get(stream.type, stream.type)
            why = "" if stream.codec_context else ", which FFmpeg cannot decode,"
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
        for chapter in self._input.chapters():
            time_base = chapter["time_base"] or Fraction(1, av.time_base)
            offset = round(self._start / time_base)
            end = chapter["end"] if self._end is None else min(chapter["end"], round(self._end / time_base))
            start, end = max(chapter["start"] - offset, 0), end - offset
            if start < end:
                cut = chapter.copy()
                cut["start"], cut["end"] = start, end
                chapters.append(cut)
        return chapters

    def _demux(self, streams: list[Stream]) -> Iterator[av.Packet]:
        if not streams:
            return
        if self._start:
            self._input.seek(int(self._start * av.time_base), backward=True)
        packets = self._input.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                self._notices.append(f"sound and subtitles end early: {error.strerror}")
                return
            if packet is None:
                return
            if packet.pts is None or packet.dts is None:
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
            for encoder in self._encoders.values():
                self._output.mux(encoder.flush())

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        end = float(((packet.pts or 0) + (packet.duration or 0)) * packet.time_base) - self._start
        self.end = max(self.end, end)
        if index in self._encoders:
            self._output.mux(self._encoders[index].encode(packet, self._start))
            return
        shift = round(self._start / packet.time_base)
        packet.pts = (packet.pts or 0) - shift
        packet.dts = (packet.dts or 0) - shift
        for output_packet in self._filters[index].filter(packet) if index in self._filters else [packet]:
            output_packet.stream = self._copies[index]
            self._output.mux(output_packet)

    def close(self) -> None:
        """Close the clip. Calling it again does nothing."""
        self._input.close()


def _can_be_copied(stream: Stream) -> bool:
    return stream.type in ("audio", "subtitle") and stream.codec_context is not None


def without_timecode(metadata: Mapping[str, str], output: OutputContainer) -> dict[str, str]:
    """Return tags without a timecode if `output` would turn it into a track, which its fragments cannot hold."""
    makes_track = output.format.name in ("mp4", "mov", "ipod")
    return {key: value for key, value in metadata.items() if not (makes_track and key.lower() == "timecode")}


class _AacEncoder:
    """Decodes a sound track and encodes it as AAC.

    Attributes:
        stream: the stream of the output.
        changes: what else differs from the track: the sample rate, or the number of channels.
    """

    def __init__(self, stream: AudioStream, output: OutputContainer) -> None:
        rates = av.Codec("aac", "w").audio_rates or [stream.rate]
        rate = min(rates, key=lambda each: (abs(each - stream.rate), -each))
        self.stream: AudioStream = output.add_stream("aac", rate=rate)
        # Some containers state only the number of channels; AAC also needs their layout.
        layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(stream.channels, "stereo")
        self.stream.layout = layout
        self.changes: list[str] = []
        if rate != stream.rate:
            self.changes.append(f"at {rate} instead of {stream.rate} Hz")
        if stream.channels not in (1, 2, 6):
            self.changes.append(f"its {stream.channels} channels mixed to 2")
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)

    def encode(self, packet: av.Packet, start: float) -> list[av.Packet]:
        """Return the packets that a packet of the track completes, with times from `start` (seconds)."""
        packets: list[av.Packet] = []
        try:
            decoded = packet.decode()
        except InvalidDataError:
            return packets  # A damaged packet leaves a gap in the sound, as in the original.
        for frame in decoded:
            assert isinstance(frame, av.AudioFrame)
            if frame.pts is not None and frame.time_base:
                frame.pts -= round(start / frame.time_base)
            packets += self._encode(frame)
        return packets

    def _encode(self, frame: av.AudioFrame) -> list[av.Packet]:
        try:
            parts = self._resampler.resample(frame)
        except ValueError:  # PyAV: the track's rate, channels or format have changed midway
            parts = self._resampler.resample(None)
            self._resampler = av.AudioResampler(format="fltp", layout=self.stream.layout.name, rate=self.stream.rate)
            parts += self._resampler.resample(frame)
        return [packet for part in parts for packet in self.stream.encode(part)]

    def flush(self) -> list[av.Packet]:
        """Return the packets that are buffered."""
        packets = [packet for part in self._resampler.resample(None) for packet in self.stream.encode(part)]
        return packets + self.stream.encode(None)
