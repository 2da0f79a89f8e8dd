"""Video files: open one to read or to write, and move its index to the front."""

from __future__ import annotations

import contextlib
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import InputContainer, OutputContainer
from av.error import ArgumentError, FFmpegError, InvalidDataError

from ..errors import SourceError
from . import playlists
from .paths import replace, sibling

if TYPE_CHECKING:
    from av.container.core import Chapter

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv")
"""Extensions of the video files that can be written."""

MOVIE_TIMESCALE = "90000"
"""Units per second of the times that an MP4 states for the whole file: the default, 1000, would round a late start."""

ELSEWHERE = frozenset(
    ("alsa", "concat", "dash", "fbdev", "hls", "image2", "image2pipe", "imf", "kmsgrab", "lavfi", "rtp", "rtsp", "sdp")
    + ("v4l2", "video4linux2", "webm_dash_manifest", "x11grab")
)
"""FFmpeg's names of the input formats whose frames come from other files than the one that is opened."""


def file_url(path: Path) -> str:
    """Return the path in a form that FFmpeg always takes for a file: `http:x.mkv` is also a valid file name."""
    return f"file:{path}"


@cache
def own_formats(*more: str) -> str:
    """Return FFmpeg's list of the input formats that read nothing but their own file, and those of `more`."""
    names: set[str] = set(more)
    for name in av.formats_available:
        with contextlib.suppress(ValueError):  # it can only be written
            names |= set(av.ContainerFormat(name, "r").name.split(",")) - ELSEWHERE
    return ",".join(sorted(names))


def check_regular(path: Path) -> Path:
    """Return `path`. Raises SourceError if it is a pipe or a device: clips are read several times, and not in order."""
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    with contextlib.suppress(OSError):
        kind = kinds.get(stat.S_IFMT(path.stat().st_mode))
        if kind:
            raise SourceError(f"cannot read {path}: it is a {kind}; save the clip as a file first")
    return path


def open_clip(path: Path) -> InputContainer:
    """Open a file for demuxing.

    Nothing else is read, except the pieces that an HLS playlist names in its own folder, and never the network.

    Raises:
        SourceError: if it cannot be opened; the message quotes FFmpeg.
    """
    check_regular(path)
    playlist = path.suffix.lower() in playlists.SUFFIXES
    if playlist:
        playlists.check_playlist(path)
    # Before version 19, PyAV fails on metadata that are not UTF-8 unless told to ignore them.
    lenient: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
    allowed = own_formats("hls") if playlist else own_formats()
    options = {"format_whitelist": allowed, "protocol_whitelist": "file,crypto"}
    try:
        container = av.open(file_url(path), container_options=options, **lenient)
    except (OSError, FFmpegError) as error:
        refused = isinstance(error, (ArgumentError, InvalidDataError))
        if refused and playlists.names_other_files(path):
            raise SourceError(
                f"{path} is a playlist, not a clip: it only names other files; give those, or an HLS playlist by its "
                f"ending {playlists.SUFFIXES[0]}"
            ) from error
        if refused:
            reason = f"{path} is not a clip that can be read, or its end is missing: {error.strerror}"
        else:
            reason = f"cannot open {path}: {error.strerror or error}"
        raise SourceError(reason) from error
    if container.format.name == "tty":
        container.close()
        raise SourceError(f"{path} is a text file, which FFmpeg would draw as a terminal; give a clip")
    return container


def open_output(path: Path, *, every: float | None = None) -> OutputContainer:
    """Create a video file that can be played up to its last fragment, whatever happens to the process.

    Args:
        path: the file; its extension, one of CONTAINERS, names the container.
        every: end a fragment after so many seconds, besides at keyframes. Only for encoders that keep the order of
            frames: FFmpeg 8 hides the last frame of such files from others.

    Raises:
        OSError: if the file cannot be written.
        av.error.FFmpegError: if the file cannot be written.
    """
    # Flushed packets survive a kill. delay_moov keeps times exact if the encoder reorders frames. Frames must not wait
    # long for sound that does not come.
    options = {"flush_packets": "1", "max_interleave_delta": "250000"}  # microseconds
    matroska = path.suffix.lower() == ".mkv"
    if not matroska:
        options |= {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov", "movie_timescale": MOVIE_TIMESCALE}
    if every is not None and matroska:
        options["cluster_time_limit"] = str(round(every * 1e3))
    elif every is not None:
        options["frag_duration"] = str(round(every * 1e6))
    with open(path, "wb"):
        pass  # PyAV reports a folder that cannot be written only at the first packet.
    return av.open(file_url(path), "w", container_options=options)


def index_first(partial: Path, output: Path, chapters: list[Chapter]) -> None:
    """Copy the packets of a file into an MP4 whose index comes first, so that browsers play it while it loads.

    Args:
        partial: the file to copy, which stays.
        output: the MP4; it appears when it is complete.
        chapters: the chapters of the MP4.

    Raises:
        OSError: if it cannot be written.
        av.error.FFmpegError: likewise.
    """
    whole = sibling(output, "whole")
    options = {"movflags": "faststart", "movie_timescale": MOVIE_TIMESCALE}
    try:
        with av.open(file_url(partial)) as source, av.open(file_url(whole), "w", container_options=options) as target:
            streams = {s.index: target.add_stream_from_template(s) for s in source.streams}
            for index, stream in streams.items():
                stream.metadata.update(source.streams[index].metadata)
            target.metadata.update(source.metadata)
            target.set_chapters(chapters)
            for packet in source.demux():
                if packet.size:
                    packet.stream = streams[packet.stream.index]
                    target.mux(packet)
        replace(whole, output)
    finally:
        whole.unlink(missing_ok=True)
