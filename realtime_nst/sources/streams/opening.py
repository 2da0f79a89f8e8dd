"""Open an address: a stream, or a video file behind it."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from urllib.parse import urlsplit

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError

from ...errors import RunError, SourceError
from ...frames import Frame
from ..clip import ClipSource
from .address import why_not, without_secrets
from .stream import NetworkStream

PROTOCOLS = "http,https,httpproxy,tcp,tls,udp,rtp,srtp,rtmp,rtmpe,rtmps,rtmpt,rtmpts,srt,crypto,data"
"""FFmpeg's names of what a stream may lead to: never a file of this computer."""

IN_PIECES = ("hls", "dash")
"""FFmpeg's names of the formats that come in pieces of several seconds."""

JPEGS = ("mpjpeg", "mjpeg")
"""FFmpeg's names of the formats of cameras that send one JPEG after the other."""

LONGEST_PIECE = 30.0
"""Seconds to wait for the next piece."""


def open_url(url: str, timeout: float) -> NetworkStream | RemoteClip:
    """Open an http(s), rtsp, rtmp or srt stream, or a video file behind a URL.

    Args:
        url: the address.
        timeout: seconds to wait for an answer.

    Raises:
        SourceError: if the URL delivers no frame; the message says why, without its user name and password.
        LostError: if the stream breaks off while its rate is measured.
    """
    name = without_secrets(url)
    try:
        container = _open(url, timeout)
        if container.format.name in IN_PIECES:
            container.close()
            container = _open(url, timeout, LONGEST_PIECE)
    except (OSError, FFmpegError) as error:
        raise SourceError(f"the stream {name} cannot be opened: {why_not(url, error, timeout)}") from error
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(container.close)
        source = _source(container, url, name, timeout)
        cleanup.pop_all()
    return source


def _source(container: InputContainer, url: str, name: str, timeout: float) -> NetworkStream | RemoteClip:
    format_name = container.format.name
    first: list[av.Packet] = []
    if format_name.endswith("_pipe"):
        first = _more_than_one(container)
        if not first:
            raise SourceError(
                f"{name} is a single picture, no stream; download it for `realtime-nst image`, or give the address of "
                "the camera's video"
            )
    elif container.duration or (format_name not in IN_PIECES and container.size > 0):
        return RemoteClip(container, name)
    in_pieces = format_name in IN_PIECES
    return NetworkStream(
        container,
        name,
        first=first,
        in_lumps=urlsplit(url).scheme in ("http", "https") and format_name not in JPEGS and not first,
        # FFmpeg's own timeout should fire first, and RTSP can exceed the one it was given.
        timeout=(LONGEST_PIECE if in_pieces else timeout) + 3,
    )


def _open(url: str, timeout: float, read_timeout: float | None = None) -> InputContainer:
    """Open an address. Raises OSError or FFmpegError."""
    options = {"protocol_whitelist": PROTOCOLS, "rtsp_flags": "prefer_tcp"}
    limits = (timeout, read_timeout or timeout)
    try:
        container = av.open(url, options=options, timeout=limits)
        if container.format.name != "mpjpeg" or _has_size(container):
            return container
        container.close()
    except InvalidDataError:
        if urlsplit(url).scheme not in ("http", "https"):
            raise
    # Cameras that browsers can show, with odd or missing boundaries and headers: look for the JPEGs themselves.
    container = av.open(url, "r", "mjpeg", options=options | {"analyzeduration": "1"}, timeout=limits)
    if container.size > 0 or not _has_size(container):
        container.close()
        raise InvalidDataError(0, "no JPEG found")
    return container


def _has_size(container: InputContainer) -> bool:
    """Return whether FFmpeg has found an image in the stream."""
    return any(stream.width for stream in container.streams.video)


def _more_than_one(container: InputContainer) -> list[av.Packet]:
    """Return the first two images of a stream; nothing if there is only one."""
    with contextlib.suppress(OSError, FFmpegError):
        packets = list(itertools.islice((packet for packet in container.demux(video=0) if packet.size), 2))
        return packets if len(packets) == 2 else []
    return []


class RemoteClip(ClipSource):
    """A video file behind a URL: delivers frames as fast as the network does, and has an end."""

    def __init__(self, container: InputContainer, name: str) -> None:
        """Take over an open file, which messages call `name`."""
        super().__init__(Path(name), open=lambda _: container)
        self.name = name
        self._frames_read = 0

    def read(self) -> Frame | None:
        try:
            frame = super().read()
        except RunError as error:
            raise RunError(f"{self.name} broke off after {self._frames_read} frames; try again") from error
        self._frames_read += frame is not None
        return frame
