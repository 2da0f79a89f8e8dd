"""Open a source by the user's name for it: a camera, a clip, a stream, or the built-in scene."""

from __future__ import annotations

import contextlib
import operator
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, TypeVar, cast

from .. import _arguments
from ..errors import ArgumentError, SourceError
from ..interfaces import Source
from ..media.images import SUFFIXES
from .camera import Camera
from .camera_devices import CameraInfo, list_cameras, open_device
from .camera_names import camera_names, matching_cameras
from .clip import ClipSource
from .demo import DemoSource
from .realtime import RealtimeSource
from .reconnect import ReconnectingSource
from .streams.opening import open_url
from .streams.pipe import open_pipe, pipe_name
from .streams.stream import NetworkStream

__all__ = [
    "SOURCES",
    "Camera",
    "CameraInfo",
    "ClipSource",
    "DemoSource",
    "OpenSource",
    "RealtimeSource",
    "ReconnectingSource",
    "SourceKind",
    "SourceRequest",
    "list_cameras",
    "open_source",
    "pipe_name",
]

AnySource = TypeVar("AnySource", bound="OpenSource")


class OpenSource(Source, Protocol):
    """A source that is a context manager."""

    def __enter__(self: AnySource) -> AnySource: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SourceRequest(NamedTuple):
    """A request to open a source."""

    spec: str
    """The user's name for it."""
    size: tuple[int, int] | None = None
    """(width, height) in pixels to request from a camera; None: its default."""
    timeout: float = 5.0
    """Seconds to wait for a stream."""
    reconnect: float = 0.0
    """Seconds to wait for a camera or a stream that goes away."""


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: one line of `SOURCES`."""

    help: str
    """The values that the user can give, for messages."""
    accepts: Callable[[str], bool]
    """Whether the user means this kind."""
    open: Callable[[SourceRequest], OpenSource]
    """Opens it. Raises SourceError if it cannot be opened."""


def open_source(
    spec: str | int | os.PathLike[str],
    size: tuple[int, int] | None = None,
    *,
    live: bool = True,
    timeout: float = 5.0,
    reconnect: float = 0.0,
    loop: bool = False,
) -> OpenSource:
    """Open a source.

    Args:
        spec: a camera's index, device file or name, a file, a pipe ("-": standard input), an http(s) or rtsp URL, or
            "demo".
        size: (width, height) in pixels to request from a camera, which may deliver another.
        live: play files and the built-in scene in real time; otherwise they deliver every frame as fast as it is read.
        timeout: seconds to wait for a stream.
        reconnect: seconds to wait for a camera or a stream that goes away later; 0: reading it then raises RunError.
        loop: play a file, in real time, again and again.

    Raises:
        SourceError: if it cannot be opened.
        ArgumentError: if an argument has the wrong type or range.
    """
    spec = _in_words(spec)
    size = None if size is None else _arguments.pair("size", size, 1)
    timeout = _arguments.number("timeout", timeout, 0, above=True)
    reconnect = _arguments.number("reconnect", reconnect, 0)
    for kind in SOURCES:
        if kind.accepts(spec):
            return _in_real_time(kind, SourceRequest(spec, size, timeout, reconnect), live, loop)
    *others, last = (kind.help for kind in SOURCES)
    raise SourceError(f"there is no file {spec}; give {', '.join(others)}, or {last}")


def _in_words(spec: object) -> str:
    """Return the user's name for a source as the command line would have it: a camera's index and a path as text."""
    if not isinstance(spec, bool):
        with contextlib.suppress(TypeError):
            return str(operator.index(cast(int, spec)))
    if isinstance(spec, (str, os.PathLike)) and (text := os.fspath(cast("str | os.PathLike[str]", spec))):
        return text
    found = repr(spec) if isinstance(spec, str) else type(cast(object, spec)).__name__
    raise ArgumentError(f"a source is a camera's index or name, a file, a URL or demo, not {found}")


def _in_real_time(kind: SourceKind, request: SourceRequest, live: bool, loop: bool) -> OpenSource:
    source = kind.open(request)
    if loop:
        if isinstance(source, ClipSource) and live:
            return RealtimeSource(source, again=lambda: kind.open(request))
        source.close()
        reason = "without a window, only with --serve or --virtual-camera" if not live else "files only"
        raise SourceError(f"--loop plays a file again and again: {source.name} cannot be repeated ({reason})")
    if isinstance(source, (Camera, NetworkStream)):
        return ReconnectingSource(source, lambda: _open_again(kind, request), request.reconnect)
    return RealtimeSource(source) if live and not source.live else source


def _open_again(kind: SourceKind, request: SourceRequest) -> Camera | NetworkStream | None:
    source = kind.open(request)
    if isinstance(source, (Camera, NetworkStream)):
        return source
    source.close()
    return None  # An HLS stream that is finished is a file.


def _is_camera(spec: str) -> bool:
    """Return whether `spec` is an index, a device file or a name, rather than the path of a missing file."""
    looks_like_file = os.sep in spec or re.fullmatch(r"\.(?=.*[A-Za-z])\w{1,5}", Path(spec).suffix)
    return spec.startswith("/dev/") or not looks_like_file or bool(matching_cameras(spec, camera_names()))


def _open_file(request: SourceRequest) -> ClipSource:
    path = Path(request.spec)
    if path.is_dir():
        raise SourceError(f"{path} is a folder; give one clip, or images to `realtime-nst image`")
    if path.suffix.lower() in SUFFIXES:
        raise SourceError(f"{path} is a still image; realtime-nst image {path} -o OUT stylizes it")
    return ClipSource(path)


SOURCES: tuple[SourceKind, ...] = (  # The first that accepts a spec opens it.
    SourceKind("an http(s) or rtsp URL", lambda spec: "://" in spec, lambda r: open_url(r.spec, r.timeout)),
    SourceKind("a pipe (- for standard input)", lambda spec: bool(pipe_name(spec)), lambda r: open_pipe(r.spec)),
    SourceKind("demo for the built-in scene", lambda spec: spec == "demo", lambda _: DemoSource()),
    SourceKind("a clip", lambda spec: Path(spec).is_file() or Path(spec).is_dir(), _open_file),
    SourceKind("a camera's index or name", _is_camera, lambda r: open_device(r.spec, r.size, r.timeout)),
)
"""The kinds of source. A new one is a class in a module of its own and a line here."""
