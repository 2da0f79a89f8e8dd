"""One recording: H.264 through PyAV, with true timestamps, playable however the program ends."""

from __future__ import annotations

import contextlib
import threading
from fractions import Fraction
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import OutputContainer
from av.video.frame import PictureType

from .._queue import FrameQueue, QueueClosed
from ..errors import RunError
from ..frames import Frame, Image
from ..interfaces import AudioSource
from ..media.containers import file_url, open_output
from ..media.h264 import configure_stream, even_size, fit_even, to_yuv420p
from ..media.paths import sync, sync_folder
from ..process import available_cpus
from .audio_track import AudioTrack
from .disk_sync import DiskSync

TIME_BASE = Fraction(1, 90_000)
"""The unit of timestamps in seconds: MPEG's own, fine enough for any camera."""


class Recording:
    """One file, encoded on a thread of its own.

    Its fragments are flushed as they are written, so that the file can be played up to about the last half second,
    whatever happens to the process. There is a keyframe every second, at which the file is synced to the disk: a power
    cut costs about two seconds. A clean end turns the file into a plain MP4, and syncs it.

    Attributes:
        path: the file.
        frames: number of frames encoded.
        failure: the error that stopped it; None if there was none.
    """

    def __init__(self, path: Path, fps: float, *, live: bool, microphone: AudioSource | None) -> None:
        """Start the encoder; the file is created with the first frame.

        Args:
            path: the file.
            fps: approximate frame rate, in frames per second.
            live: encode fast, and drop frames if the encoder cannot keep up; otherwise `write` waits for it.
            microphone: recorded beside the frames.
        """
        self.path = path
        self.failure: RunError | None = None
        self.frames = 0
        self._fps = fps
        self._live = live
        self._microphone = microphone
        self._times: tuple[float, float] | None = None
        self._queue: FrameQueue[Frame] = FrameQueue(8, drop=live)
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Duration so far, in seconds."""
        return self._times[1] - self._times[0] if self._times else 0.0

    @property
    def lost(self) -> int:
        """How many frames were dropped because the encoder could not keep up."""
        return self._queue.dropped

    def write(self, frame: Frame) -> None:
        """Queue a frame. It is scaled to the size of the first frame."""
        if self.failure is None:
            with contextlib.suppress(QueueClosed):  # The encoder has just failed; `failure` says why.
                self._queue.put(frame)

    def finish(self) -> None:
        """Encode the queued frames and close the file."""
        self._queue.end()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._encode()
        except Exception as reason:
            message = getattr(reason, "strerror", None) or str(reason)
            left = "what was written plays" if _plays(self.path) else "nothing of it can be played"
            self.failure = RunError(f"recording {self.path} stopped after {self.seconds:.1f} s: {message}; {left}")
            self.failure.__cause__ = reason
            self._queue.end(discard=True)

    def _encode(self) -> None:
        try:
            frame = self._queue.get()
        except QueueClosed:
            return
        assert frame is not None
        with DiskSync(self.path) as disk:
            self._write(frame, disk)
        if self.path.is_file():  # a device cannot be synced
            sync(self.path)
            sync_folder(self.path.parent)

    def _write(self, frame: Frame | None, disk: DiskSync) -> None:
        assert frame is not None
        with contextlib.closing(open_output(self.path, every=0.25)) as container:
            stream = self._add_stream(container, frame.image)
            microphone = self._microphone
            sound = AudioTrack(container, microphone.rate, microphone.channels) if microphone else None
            keyframe_pts: int | None = None
            pts = -1
            while frame is not None:
                first = self._times[0] if self._times else frame.time
                pts = max(round((frame.time - first) / TIME_BASE), pts + 1)
                keyframe = keyframe_pts is None or (pts - keyframe_pts) * TIME_BASE >= 1
                if keyframe:
                    keyframe_pts = pts
                    disk.request()
                container.mux(stream.encode(_to_video(frame.image, stream, pts, keyframe)))
                self._times = (first, frame.time)
                self.frames += 1
                if microphone is not None and sound is not None:
                    for chunk in microphone.take():
                        sound.write(chunk, first)
                try:
                    frame = self._queue.get()
                except QueueClosed:
                    break
            container.mux(stream.encode(None))
            if sound is not None:
                sound.finish()

    def _add_stream(self, container: OutputContainer, image: Image) -> av.VideoStream:
        few_cores = available_cpus() <= 4
        preset = ("ultrafast" if few_cores else "veryfast") if self._live else "veryfast"
        rate = Fraction(self._fps).limit_denominator(1001)
        stream = container.add_stream(
            "libx264", rate=rate, options={"preset": preset, "crf": "20", "bf": "0", "forced-idr": "1"}
        )
        height, width = image.shape[:2]
        configure_stream(stream, even_size((height, width)), TIME_BASE)
        return stream


def _plays(path: Path) -> bool:
    """Return whether a frame can be read from a file that an error has cut off."""
    try:
        with av.open(file_url(path)) as container:
            return next(container.decode(video=0), None) is not None
    except Exception:  # whatever is wrong with it, it cannot be played
        return False


def _to_video(image: Image, stream: av.VideoStream, pts: int, keyframe: bool) -> av.VideoFrame:
    frame = to_yuv420p(fit_even(image, (stream.height, stream.width)), pts, TIME_BASE)
    if keyframe:
        frame.pict_type = PictureType.I
    return frame
