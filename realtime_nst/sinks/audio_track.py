"""The sound of a recording: AAC, in step with the frames however long it lasts."""

from __future__ import annotations

from fractions import Fraction

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import BlockingIOError, EOFError
from av.filter import Graph

from ..frames import AudioChunk


class AudioTrack:
    """An audio stream of an output container, fed with timed chunks.

    FFmpeg's aresample places the chunks by their times: it fills gaps with silence, and stretches the sound of a card
    whose clock runs fast or slow.
    """

    def __init__(self, container: OutputContainer, rate: int, channels: int) -> None:
        """Add the stream.

        Args:
            container: the output container; nothing has been written to it yet.
            rate: samples per second.
            channels: 1 or 2.
        """
        self._container = container
        self._rate = rate
        self._layout = {1: "mono", 2: "stereo"}[channels]
        self._stream: AudioStream = container.add_stream("aac", rate=rate, layout=self._layout)
        self._graph = Graph()
        self._graph.link_nodes(
            self._graph.add_abuffer(sample_rate=rate, format="flt", layout=self._layout, time_base=Fraction(1, rate)),
            # An offset above 10 ms is corrected by stretching at most 1 %, above 0.1 s by inserting silence or cutting.
            self._graph.add("aresample", f"async={rate // 100}:min_comp=0.01:min_hard_comp=0.1:first_pts=0"),
            self._graph.add("aformat", "sample_fmts=fltp"),
            self._graph.add("abuffersink"),
        ).configure()

    def write(self, chunk: AudioChunk, began: float) -> None:
        """Encode a chunk of sound.

        Args:
            chunk: the sound; samples before `began` are left out.
            began: time of the recording's first frame, in seconds, on the clock of the chunk.
        """
        pts = round((chunk.time - began) * self._rate)
        if pts + len(chunk.samples) <= 0:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(chunk.samples).reshape(1, -1), format="flt", layout=self._layout
        )
        frame.sample_rate, frame.pts, frame.time_base = self._rate, pts, Fraction(1, self._rate)
        self._graph.push(frame)
        self._encode()

    def finish(self) -> None:
        """Encode what is buffered."""
        self._graph.push(None)
        self._encode()
        self._container.mux(self._stream.encode(None))

    def _encode(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            self._container.mux(self._stream.encode(frame))
