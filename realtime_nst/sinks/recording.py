"""One recording: H.264 in MP4 through PyAV, true timestamps, playable whatever ends the program."""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.video.frame import PictureType

from .._queue import FrameQueue, QueueClosed
from ..errors import RunError
from ..frames import Frame, Image
from ..interfaces import AudioSource
from ..media.containers import open_output
from ..media.h264 import describe, even_size, fitted, to_video
from .audio_track import AudioTrack

TIME_BASE = Fraction(1, 90_000)
"""The unit of timestamps: what MPEG has always used, fine enough for any camera."""


class Recording:
    """One file, encoded on a thread of its own.

    The file plays up to the last half second or so whatever happens to the process, as its fragments are flushed;
    a keyframe comes every second; a clean end turns it into a plain MP4.
    """

    def __init__(self, path: Path, fps: float, *, live: bool, microphone: AudioSource | None) -> None:
        self.path = path
        self.failure: RunError | None = None
        """Why it had to stop."""
        self.frames = 0
        """Frames encoded."""
        self._fps = fps
        self._live = live
        self._microphone = microphone
        self._times: tuple[float, float] | None = None
        self._queue: FrameQueue[Frame] = FrameQueue(8, drop=live)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """How long the recording is so far."""
        return self._times[1] - self._times[0] if self._times else 0.0

    @property
    def lost(self) -> int:
        """Frames left out because the encoder could not keep up."""
        return self._queue.dropped

    def write(self, frame: Frame) -> None:
        """Queue a frame; of a size other than the first frame's it is scaled."""
        if self.failure is None:
            try:
                self._queue.put(frame)
            except QueueClosed:
                pass  # The encoder failed meanwhile, `failure` says why.

    def finish(self) -> None:
        """Encode what is queued and close the file."""
        self._queue.end()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._encode()
        except Exception as reason:
            words = getattr(reason, "strerror", None) or str(reason)
            self.failure = RunError(
                f"recording {self.path} stopped after {self.seconds:.1f} s: {words}; what was written plays"
            )
            self.failure.__cause__ = reason
            self._queue.end(discard=True)

    def _encode(self) -> None:
        try:
            frame = self._queue.get()
        except QueueClosed:
            return
        container = open_output(self.path, every=0.25)
        try:
            stream = self._add_stream(container, frame.image)
            microphone = self._microphone
            sound = AudioTrack(container, microphone.rate, microphone.channels) if microphone else None
            key_at = None
            pts = -1
            while True:
                first = self._times[0] if self._times else frame.time
                pts = max(round((frame.time - first) / TIME_BASE), pts + 1)
                key = key_at is None or (pts - key_at) * TIME_BASE >= 1
                key_at = pts if key else key_at
                container.mux(stream.encode(_to_video(frame.image, stream, pts, key)))
                self._times = (first, frame.time)
                self.frames += 1
                if sound is not None:
                    for piece in microphone.take():
                        sound.write(piece, first)
                try:
                    frame = self._queue.get()
                except QueueClosed:
                    break
            container.mux(stream.encode(None))
            if sound is not None:
                sound.finish()
        finally:
            container.close()

    def _add_stream(self, container: av.container.OutputContainer, image: Image) -> av.VideoStream:
        few_cores = (os.cpu_count() or 1) <= 4
        preset = ("ultrafast" if few_cores else "veryfast") if self._live else "veryfast"
        rate = Fraction(self._fps).limit_denominator(1001)
        stream = container.add_stream(
            "libx264", rate=rate, options={"preset": preset, "crf": "20", "bf": "0", "forced-idr": "1"}
        )
        describe(stream, even_size(image.shape[:2]), TIME_BASE)
        return stream


def _to_video(image: Image, stream: av.VideoStream, pts: int, key: bool) -> av.VideoFrame:
    frame = to_video(fitted(image, (stream.height, stream.width)), pts, TIME_BASE)
    if key:
        frame.pict_type = PictureType.I
    return frame
