"""What travels beside the pictures of a clip: its sound and subtitles."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av

from ..media.containers import open_clip


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


class StreamCopier:
    """Copies every sound and subtitle stream of a clip into an output container.

    Packets are copied bit for bit where the container takes their codec; sound is encoded anew as AAC where
    it does not. What cannot be kept is named in `notices`. The clip is opened a second time, so that sound
    is read at its own pace, whatever the pictures do.
    """

    def __init__(self, source: OriginalClip, output: av.container.OutputContainer, notices: list[str]):
        self._start = source.start + float(source.origin)
        self._end = None if source.end is None else source.end + float(source.origin)
        self._output = output
        self._notices = notices
        self._input = open_clip(source.path)
        self._copies: dict[int, av.stream.Stream] = {}
        self._headers: dict[int, av.BitStreamFilterContext] = {}
        self._encoders: dict[int, _Aac] = {}
        for stream in self._input.streams:
            if stream.index != source.stream.index:
                self._take(stream)
        self.chapters = self._cut_chapters()
        """The clip's chapters, in the output's time, for whoever writes the whole file."""
        taken = [self._input.streams[i] for i in sorted({*self._copies, *self._encoders})]
        self._packets = self._demux(taken)
        self._waiting = next(self._packets, None)

    def _take(self, stream) -> None:
        target = None
        codec = stream.codec_context.name if stream.codec_context else "unknown"
        if stream.type in ("audio", "subtitle") and codec in self._output.supported_codecs:
            target = self._copies[stream.index] = self._output.add_stream_from_template(stream)
            if codec == "aac" and not stream.codec_context.extradata:
                # A broadcast tells of its sound in every packet, the files written here once.
                self._headers[stream.index] = av.BitStreamFilterContext("aac_adtstoasc", stream)
        elif stream.type == "audio":
            encoder = self._encoders[stream.index] = _Aac(stream, self._output)
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

    def _cut_chapters(self) -> list:
        chapters = []
        for chapter in self._input.chapters():
            base = chapter["time_base"]
            start = max(chapter["start"] - round(self._start / base), 0)
            end = chapter["end"] if self._end is None else min(chapter["end"], round(self._end / base))
            end -= round(self._start / base)
            if start < end:
                chapters.append({**chapter, "start": start, "end": end})
        return chapters

    def _demux(self, streams) -> Iterator[av.Packet]:
        if not streams:
            return
        if self._start:
            self._input.seek(int(self._start * av.time_base), backward=True)
        packets = self._input.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
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
        """Write every packet up to `time` (seconds of the output), or all that is left with None."""
        while self._waiting is not None:
            packet = self._waiting
            if time is not None and float(packet.dts * packet.time_base) - self._start > time:
                return
            self._write(packet)
            self._waiting = next(self._packets, None)
        if time is None:
            for encoder in self._encoders.values():
                self._output.mux(encoder.flush())

    def _write(self, packet: av.Packet) -> None:
        index = packet.stream.index
        if index in self._encoders:
            self._output.mux(self._encoders[index].encode(packet, self._start))
            return
        shift = round(self._start / packet.time_base)
        packet.pts -= shift
        packet.dts -= shift
        for whole in self._headers[index].filter(packet) if index in self._headers else [packet]:
            whole.stream = self._copies[index]
            self._output.mux(whole)

    def close(self) -> None:
        self._input.close()


class _Aac:
    """Decodes one sound track and encodes it as AAC."""

    def __init__(self, stream: av.audio.stream.AudioStream, output: av.container.OutputContainer):
        self.stream = output.add_stream("aac", rate=stream.rate)
        # Some containers count channels without placing them, which AAC needs.
        layout = {1: "mono", 2: "stereo", 6: "5.1"}.get(stream.channels, "stereo")
        self.stream.layout = layout
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=stream.rate)

    def encode(self, packet: av.Packet, start: float) -> list[av.Packet]:
        packets = []
        try:
            decoded = packet.decode()
        except av.error.InvalidDataError:
            return packets  # A damaged packet is a gap in the sound, as it is in the original.
        for frame in decoded:
            if frame.pts is not None:
                frame.pts -= round(start / frame.time_base)
            for part in self._resampler.resample(frame):
                packets += self.stream.encode(part)
        return packets

    def flush(self) -> list[av.Packet]:
        packets = [p for part in self._resampler.resample(None) for p in self.stream.encode(part)]
        return packets + self.stream.encode(None)
