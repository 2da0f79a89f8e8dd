"""Where frames come from: a camera, a clip, a stream, or the built-in scene, behind one interface."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import SourceError
from ..interfaces import Source
from ..media.images import SUFFIXES
from .camera import Camera
from .camera_devices import CameraInfo, list_cameras, open_device
from .clip import ClipSource
from .demo import DemoSource
from .network_stream import open_url
from .realtime import RealtimeSource

__all__ = ["Camera", "CameraInfo", "ClipSource", "DemoSource", "RealtimeSource", "list_cameras", "open_source"]


def open_source(spec: str, size: tuple[int, int] | None = None, *, live: bool = True, timeout: float = 5.0) -> Source:
    """Open what `spec` names: a camera's index or name, a file, an http(s) or rtsp URL, or "demo".

    size: (width, height) asked of a camera; it may give another. live: play files and the demo by the clock;
    otherwise they give every frame as fast as it is read. timeout: seconds to wait for a stream.
    Raises SourceError where it cannot be opened.
    """
    if "://" in spec:
        source = open_url(spec, timeout)
    elif spec == "demo":
        source = DemoSource()
    elif Path(spec).is_file():
        source = _open_file(spec)
    elif Path(spec).is_dir():
        raise SourceError(f"{spec} is a folder; give one clip, or pictures to `realtime-nst image`")
    elif Path(spec).suffix or (os.sep in spec and not spec.startswith("/dev/")):
        raise SourceError(f"there is no file {spec}; give a camera's index or name, a clip or a URL")
    else:
        source = open_device(spec, size, timeout)
    return RealtimeSource(source) if live and not source.live else source


def _open_file(path: str) -> ClipSource:
    if Path(path).suffix.lower() in SUFFIXES:
        raise SourceError(f"{path} is a still picture; realtime-nst image {path} -o OUT stylizes it")
    return ClipSource(path)
