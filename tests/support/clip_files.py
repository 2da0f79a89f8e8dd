"""The times, sound and pictures of a video file as FFmpeg reads them, for tests of clips."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from realtime_nst.offline.clip import ClipOptions, stylize_clip
from realtime_nst.offline.job import ClipJob
from realtime_nst.styles.library import find_style
from realtime_nst.stylizer import Stylizer

OPTIONS = ClipOptions(encoder="libx264", crf=30)


def make(clip: Path, out: Path, stylizer: Stylizer, options: ClipOptions = OPTIONS, **kwargs):
    """Stylize `clip` in red."""
    code = stylizer.encode(np.full((8, 8, 3), (0, 0, 255), np.uint8))
    return stylize_clip(clip, out, stylizer, code, options, **kwargs)


def times(path: Path) -> list[float]:
    """When each frame is shown, in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.best("video")
        stream.thread_type = "AUTO"
        return [float(frame.pts * stream.time_base) for frame in container.decode(stream)]


def sound(path: Path) -> list[tuple[str, str, list[float]]]:
    """(codec, md5 of the packets, their times in seconds) of each sound track."""
    found = []
    with av.open(str(path)) as container:
        count = len(container.streams.audio)
    for track in range(count):
        with av.open(str(path)) as container:
            stream = container.streams.audio[track]
            packets = [packet for packet in container.demux(stream) if packet.size]
            digest = hashlib.md5(b"".join(bytes(packet) for packet in packets)).hexdigest()
            found.append((stream.codec_context.name, digest, [float(p.pts * p.time_base) for p in packets]))
    return found


def first_frame(path: Path, size: tuple[int, int]) -> np.ndarray:
    """What the ffmpeg program shows first, at its own size, which must have as many pixels as (height, width)."""
    with av.open(str(path)) as container:
        index = container.streams.best("video").index
    raw = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-i",
            path,
            "-map",
            f"0:{index}",
            "-frames:v",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "bgr24",
            "-",
        ],
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(*size, 3)


def job_maker(clip: Path, folder: Path) -> Callable[..., ClipJob]:
    """Return a function that makes jobs of `clip` with the fast network at a small size, into files of `folder`."""

    def make(output="out.mp4", input=clip, **changes) -> ClipJob:
        values = {"styles": ((0.0, find_style("night")),), "model": "fast", "processing_size": 64, "options": OPTIONS}
        return ClipJob(input, folder / output, **(values | changes))

    return make
