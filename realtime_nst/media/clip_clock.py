"""The clock of a clip: maps the times in its file to times that run on from the clip's beginning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import InputContainer
from av.format import Flags
from av.stream import Stream

LONGEST_STEP, LONGEST_BROADCAST_STEP = 60.0, 10.0
"""If neither images nor sound come for more seconds than this, the recorder paused or its clock was set; an image that
states a longer duration, in a clip without sound, stands for that long. Broadcasts are often joined; other files may be
slide shows that do not state durations."""

BACKWARD, REORDERED = 0.1, 1.0
"""Seconds that a stream's times may go back before they count as a jump: decoding times, as in the ffmpeg program, and
presentation times, which are not in order."""

SETTLING = 3.0
"""Seconds of a stream that are read after a jump: other streams that jump with it have done so by then."""

EARLY, LATE = -0.1, 1.0
"""A file whose first packet lies between these times, in seconds, begins at 0; any other begins with its first packet.
Encoded sound begins up to 0.1 s before the images."""

MOST_HELD = 5000
"""Number of packets that are held back while a jump settles."""


class Jump(NamedTuple):
    """A jump of the times in a file."""

    time: float
    """Where the clock goes on, in seconds of the clip."""
    step: float
    """Seconds that the file's times jump; a pause is positive."""


@dataclass
class _Track:
    """A stream of images or sound. Times are in seconds of the clip."""

    shift: Fraction
    """Seconds to add to the file's times."""
    in_order: bool
    """Whether packets state decoding times, which rise."""
    last: float | None = None
    """Time of the last packet; None: there was none."""
    end: float = 0.0
    """Where the packets end, if their durations are plausible."""
    duration: float = 0.0
    """The last plausible duration of a packet, in seconds."""
    stated_end: float = 0.0
    """Where the last packet ends."""
    held: list[av.Packet] = field(default_factory=list)
    """The packets after a jump that has not settled."""

    def time(self, packet: av.Packet) -> float:
        """Return when a packet is decoded, or presented if that is not stated, by this track's shift."""
        stated = (packet.dts, packet.pts) if self.in_order else (packet.pts, packet.dts)
        return float(next((ticks for ticks in stated if ticks is not None), 0) * packet.time_base + self.shift)


def times_may_jump(container: InputContainer) -> bool:
    """Return whether a format allows jumps in time, as broadcasts do: one cannot seek to a time in them."""
    return bool(container.format.flags & Flags.ts_discont.value)


def has_times(container: InputContainer) -> bool:
    """Return whether a format states times; a raw stream of video does not."""
    return not container.format.flags & Flags.no_timestamps.value


class ClipClock:
    """Gives the packets of a clip new timestamps, which count from its beginning and run on.

    Where the file's times jump (joined recordings, a recorder that paused or restarted), the clock goes on, and images
    and sound are shifted alike. A sound track with a clock of its own starts beside the images that it accompanies in
    the file. The same packets always get the same times, so images and sound can be read independently.

    Attributes:
        origin: time in the file, in seconds, of the clip's beginning.
        streams: the streams of images and sound, whose packets `run` must receive.
        jumps: the jumps so far.
    """

    def __init__(self, container: InputContainer, video: Stream) -> None:
        """Start a clock for the images of `video` and the sound tracks of the open file `container`."""
        self.streams = [stream for stream in container.streams if stream.type == "audio" or stream.index == video.index]
        broadcast = times_may_jump(container)
        self._longest = LONGEST_BROADCAST_STEP if broadcast else LONGEST_STEP
        # Matroska states presentation times only; FFmpeg's guesses of the others are wrong around a jump.
        self._in_order = "matroska" not in container.format.name
        self.origin = _origin(self.streams, video, broadcast)
        self.jumps: list[Jump] = []
        self._video = video.index
        self._shift = -self.origin
        """That of the images, and of streams that have had no packet."""
        self._tracks: dict[int, _Track] = {}
        self._now: float | None = 0.0
        """The latest end of a packet; None: unknown."""
        self._first = 0.0
        """Where the packets read begin."""
        self._jumped_at = 0.0
        """The value of `_now` when the first packet that is held back was read."""

    def run(self, packets: Iterable[av.Packet], *, sought: bool = False) -> Iterator[av.Packet]:
        """Yield packets with new timestamps; each stream's packets stay in order.

        Args:
            packets: packets in the order of the file.
            sought: whether they begin in the middle of the file.
        """
        clocked = {stream.index for stream in self.streams}
        self._now = None if sought else 0.0
        for packet in packets:
            index = packet.stream.index
            if not packet.size:  # the end of the streams
                yield from self._settle()
                yield packet
                continue
            track = self._tracks.get(index) or _Track(self._shift, self._in_order)
            if index in clocked and (packet.pts, packet.dts) != (None, None) and not packet.is_discard:
                self._tracks[index] = track
                yield from self._take(packet, track)
            elif track.held:
                track.held.append(packet)
            else:
                yield _move(packet, track.shift)
        yield from self._settle()

    def _take(self, packet: av.Packet, track: _Track) -> Iterator[av.Packet]:
        if not self._jumps(packet, track):
            yield from self._end_glitch(track)
            yield self._pass(packet, track)
        elif self._follows_images(packet, track):
            track.shift = self._shift
            yield self._pass(packet, track)
        else:
            if not self._held():
                self._jumped_at = self._now or 0.0
            track.held.append(packet)
        if self._has_settled():
            yield from self._settle()

    def _jumps(self, packet: av.Packet, track: _Track) -> bool:
        """Return whether a packet cannot follow what was read before it."""
        time = track.time(packet)
        if self._now is None:
            return False
        if track.last is None:
            return not -LATE <= time <= self._now + self._longest
        back = time < track.last - (BACKWARD if track.in_order else REORDERED)
        return back or time > self._now + self._longest

    def _follows_images(self, packet: av.Packet, track: _Track) -> bool:
        """Return whether a track that jumps only does as the images have done before."""
        moved = replace(track, shift=self._shift)
        return not track.held and track.shift != self._shift and not self._jumps(packet, moved)

    def _pass(self, packet: av.Packet, track: _Track) -> av.Packet:
        time = track.time(packet)
        step = 0.0 if track.last is None else time - track.last
        track.last = time if track.last is None else max(time, track.last)
        duration = float((packet.duration or 0) * packet.time_base)
        likely = duration or step  # some broadcasts do not state durations
        track.duration = likely if 0 < likely <= self._longest else track.duration
        track.end, track.stated_end = max(time + track.duration, track.end), time + duration
        if self._now is None:
            self._first = time
        self._now = max(track.end, self._now or 0.0)
        if duration > self._longest and packet.stream.type == "audio":  # the pause that follows
            packet.duration = round(track.duration / packet.time_base)
        return _move(packet, track.shift)

    def _end_glitch(self, track: _Track) -> Iterator[av.Packet]:
        """Yield the held packets of a track that has not jumped after all: only these had wrong times."""
        if track.held:
            shift = track.shift + Fraction(track.end - track.time(track.held[0]))
            yield from [_move(packet, shift) for packet in track.held]
            track.held = []

    def _held(self) -> list[_Track]:
        return [track for track in self._tracks.values() if track.held]

    def _running(self) -> list[_Track]:
        """Return the tracks that had not ended when the times jumped."""
        tracks = self._tracks.values()
        return [track for track in tracks if track.last is not None and track.end > self._jumped_at - SETTLING]

    def _has_settled(self) -> bool:
        """Return whether all tracks have jumped, or some evidently do not."""
        held, running = self._held(), self._running()
        if held and running and all(track.held for track in running):
            return True
        spans = [track.time(track.held[-1]) - track.time(track.held[0]) for track in held]
        return any(abs(span) > SETTLING for span in spans) or sum(len(track.held) for track in held) > MOST_HELD

    def _settle(self) -> Iterator[av.Packet]:
        """Let the clock go on for the tracks that have jumped, and yield their packets."""
        jumped = {index: track for index, track in self._tracks.items() if track.held}
        if not jumped:
            return
        begins = {index: track.time(track.held[0]) for index, track in jumped.items()}
        shifts = self._shifts_after_jump(jumped, begins)
        first = min(begins, key=lambda index: begins[index])
        if shifts[first]:
            self.jumps.append(Jump(begins[first] + shifts[first], -shifts[first]))
        for index, track in jumped.items():
            track.shift += Fraction(shifts[index])
        if self._video in self._tracks:
            self._shift = self._tracks[self._video].shift
        packets = [(track.time(packet), packet, track) for track in jumped.values() for packet in track.held]
        for track in jumped.values():
            track.held = []
        for _, packet, track in sorted(packets, key=lambda one: one[0]):
            yield self._pass(packet, track)

    def _shifts_after_jump(self, jumped: dict[int, _Track], begins: dict[int, float]) -> dict[int, float]:
        """Return the seconds to shift each track by that has jumped, given where it begins anew."""
        # A track that begins with a time of its own begins with what accompanies it in the file; if nothing does, the
        # file is not interleaved.
        beside = self._jumped_at if (self._now or 0.0) > self._jumped_at else self._first
        own = {i: (beside if track.last is None else track.end) - begins[i] for i, track in jumped.items()}
        continued = [own[index] for index, track in jumped.items() if track.last is not None]
        alone = not all(track.held for track in self._running())
        # With the largest of these shifts, no track overlaps itself.
        common = max(continued or own.values())
        if continued and alone and abs(common) < LATE:
            common = 0.0  # A track that overlaps itself a little stays in step with the others.
        elif list(jumped) == [self._video] and jumped[self._video].stated_end + BACKWARD - begins[self._video] >= 0:
            return {self._video: max(common, 0.0)}  # an image that is to stand for so long
        return {index: common if abs(common - shift) <= self._longest else shift for index, shift in own.items()}


def _origin(streams: Sequence[Stream], video: Stream, broadcast: bool) -> Fraction:
    starts = {s.index: s.start_time * s.time_base for s in streams if s.start_time is not None and s.time_base}
    first = min(starts.values(), default=Fraction(0))
    near = EARLY <= first <= LATE and starts.get(video.index, first) >= 0
    return Fraction(0) if near and not broadcast else first


def _move(packet: av.Packet, shift: Fraction) -> av.Packet:
    """Shift a packet's timestamps by seconds, and return it."""
    ticks = round(shift / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
    return packet
