"""Copy what accompanies the video of a clip: sound and subtitles."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.stream import Stream

from .._closing import Closing
from ..media.containers import open_clip

if TYPE_CHECKING:
    from av.container.core import Chapter


class OriginalClip(Protocol):
    """What a writer needs to know about the clip whose streams it copies. `sources.clip.ClipSource` is one."""

    path: Path
    stream: av.VideoStream
    """The video stream that is stylized, of an open container."""
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


class StreamCopier(Closing):
    """Copies every sound and subtitle stream of a clip into an output container.

    Packets are copied bit for bit if the container takes their codec; otherwise sound is encoded as AAC. The clip is
    opened a second time, so that its sound is read at its own pace, whatever the frames do.

    Attributes:
        chapters: the clip's chapters, in seconds of the output; whoever writes the complete file adds them.
    """

    def __init__(self, source: OriginalClip, output: OutputContainer, notices: list[str]) -> None:
        """Add the streams to `output`, to which nothing was written yet.

        Args:
            source: the clip.
            output: the container to copy into.
            notices: gets a sentence for each stream that is not kept as it is.

        Raises:
            SourceError: if the clip cannot be opened again.
        """
        self._start = source.start + float(source.origin)
        self._end = None if source.end is None else source.end + float(source.origin)
        self._output = output
        self._notices = notices
        self._copies: dict[int, Stream] = {}
        self._filters: dict[int, av.BitStreamFilterContext] = {}
        self._encoders: dict[int, _AacEncoder] = {}
        self._input = open_clip(source.path)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.close)
            for stream in self._input.streams:
                if stream.index != source.stream.index:
                    self._add(stream)
            self.chapters = self._cut_chapters()
            self._packets = self._demux([self._input.streams[i] for i in sorted({*self._copies, *self._encoders})])
            self._next = next(self._packets, None)
            cleanup.pop_all()

    def _add(self, stream: Stream) -> None:
        target: Stream | None = None
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        if stream.type in ("audio", "subtitle") and codec in self._output.supported_codecs:
            target = self._copies[stream.index] = self._output.add_stream_from_template(stream)
            if codec == "aac" and not stream.codec_context.extradata:
                # A broadcast describes its sound in every packet; the containers written here do so once.
                self._filters[stream.index] = av.BitStreamFilterContext("aac_adtstoasc", stream)
        elif isinstance(stream, AudioStream):
            encoder = self._encoders[stream.index] = _AacEncoder(stream, self._output)
            target = encoder.stream
            self._notices.append(
                f"sound track {stream.index} ({codec}) is encoded anew as AAC: "
                f"{self._output.format.name} files cannot hold it as it is"
            )
        if target is None:
            kind = {"video": "further video", "data": "data", "attachment": "attachment"}.get(stream.type, stream.type)
            self._notices.append(f"{kind} stream {stream.index} ({codec}) is not kept")
        else:
            target.metadata.update(stream.metadata)

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
        """Write every packet up to `time` (seconds of the output), or with None all that are left."""
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


class _AacEncoder:
    """Decodes a sound track and encodes it as AAC."""

    def __init__(self, stream: AudioStream, output: OutputContainer) -> None:
        self.stream: AudioStream = output.add_stream("aac", rate=stream.rate)
        # Some containers count channels without placing them, which AAC requires.
        layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(stream.channels, "stereo")
        self.stream.layout = layout
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=stream.rate)

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
            for part in self._resampler.resample(frame):
                packets += self.stream.encode(part)
        return packets

    def flush(self) -> list[av.Packet]:
        """Return the packets that are buffered."""
        packets = [packet for part in self._resampler.resample(None) for packet in self.stream.encode(part)]
        return packets + self.stream.encode(None)
