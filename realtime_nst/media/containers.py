"""Files of video: opening one to read, one to write, and its index."""

from __future__ import annotations

import os
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av

from ..errors import SourceError

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv")
"""The endings that a video file written here can have."""

MOVIE_TIMESCALE = "90000"
"""Units a second of what an MP4 says of all its tracks: a late start in milliseconds would be rounded."""


def open_clip(path: Path) -> av.container.InputContainer:
    """Open a file for demuxing. Raises SourceError with FFmpeg's own words."""
    # Metadata that are no UTF-8 stop a PyAV before 19 that is not told to pass over them, and no later one.
    lenient = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
    try:
        container = av.open(str(path), **lenient)
    except av.error.InvalidDataError as error:
        raise SourceError(f"{path} is not a clip that can be read, or its end is missing: {error.strerror}") from error
    except (OSError, av.error.FFmpegError) as error:
        raise SourceError(f"cannot open {path}: {error.strerror or error}") from error
    if container.format.name == "tty":
        container.close()
        raise SourceError(f"{path} is a text file, which FFmpeg would draw as a terminal; give a clip")
    return container


def open_output(path: Path, *, every: float | None = None) -> av.container.OutputContainer:
    """Open a file that plays up to its last fragment whatever happens to the process.

    Fragments end at keyframes, and with `every` after so many seconds too. That is for encoders that keep the
    order of frames: of others' files FFmpeg 8 hides the last frame. Raises OSError or av.error.FFmpegError.
    """
    # What is flushed survives a kill; delay_moov keeps times exact where the encoder reorders frames. Pictures
    # may not wait long for a sound that does not come.
    options = {"flush_packets": "1", "max_interleave_delta": "250000"}  # microseconds
    matroska = path.suffix.lower() == ".mkv"
    if not matroska:
        options |= {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov", "movie_timescale": MOVIE_TIMESCALE}
    if every is not None and matroska:
        options["cluster_time_limit"] = str(round(every * 1e3))
    elif every is not None:
        options["frag_duration"] = str(round(every * 1e6))
    with open(path, "wb"):
        pass  # PyAV itself tells of a folder that cannot be written only at the first packet.
    return av.open(str(path), "w", container_options=options)


def index_first(partial: Path, out: Path, chapters: list) -> None:
    """Copy the packets into an MP4 whose index comes first, so that browsers play it while it loads."""
    whole = out.with_name(f"{out.stem}.whole{out.suffix}")
    options = {"movflags": "faststart", "movie_timescale": MOVIE_TIMESCALE}
    try:
        with av.open(str(partial)) as source, av.open(str(whole), "w", container_options=options) as target:
            streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
            for index, stream in streams.items():
                stream.metadata.update(source.streams[index].metadata)
            target.metadata.update(source.metadata)
            target.set_chapters(chapters)
            for packet in source.demux():
                if packet.size:
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
        os.replace(whole, out)
    finally:
        whole.unlink(missing_ok=True)
