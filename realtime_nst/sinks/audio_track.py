"""The sound of a recording: AAC, in step with the pictures however long it lasts."""

from __future__ import annotations

from fractions import Fraction

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
import numpy as np

from ..frames import AudioChunk


class AudioTrack:
    """A sound stream of an output container that has not been written to yet.

    Pieces are put where their times say: gaps become silence, and a sound card whose clock runs fast or slow is
    stretched to the pictures, by FFmpeg's aresample.
    """

    def __init__(self, container: av.container.OutputContainer, rate: int, channels: int) -> None:
        self._container = container
        self._rate = rate
        self._layout = {1: "mono", 2: "stereo"}[channels]
        self._stream = container.add_stream("aac", rate=rate, layout=self._layout)
        self._graph = av.filter.Graph()
        self._graph.link_nodes(
            self._graph.add_abuffer(sample_rate=rate, format="flt", layout=self._layout, time_base=Fraction(1, rate)),
            # At most 1 % faster or slower, once it is 10 ms off; from 0.1 s on silence is put in or sound left out.
            self._graph.add("aresample", f"async={rate // 100}:min_comp=0.01:min_hard_comp=0.1:first_pts=0"),
            self._graph.add("aformat", "sample_fmts=fltp"),
            self._graph.add("abuffersink"),
        ).configure()

    def write(self, sound: AudioChunk, began: float) -> None:
        """Encode a piece of sound; `began` is the time of the recording's first picture."""
        at = round((sound.time - began) * self._rate)
        if at + len(sound.samples) <= 0:
            return
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound.samples).reshape(1, -1), format="flt", layout=self._layout
        )
        frame.sample_rate, frame.pts, frame.time_base = self._rate, at, Fraction(1, self._rate)
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
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._container.mux(self._stream.encode(frame))
