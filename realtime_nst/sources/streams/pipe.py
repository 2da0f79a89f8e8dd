"""A clip that another program writes into a pipe."""

from __future__ import annotations

import os
import select
import sys
import threading
from pathlib import Path
from typing import cast

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.container import InputContainer
from av.error import FFmpegError

from ...errors import SourceError
from ...media.containers import own_formats
from ..clip import ClipSource

WRITER = "ffmpeg -i INPUT -c copy -f mpegts - | realtime-nst live --camera -"
"""A command whose output can be read."""


def pipe_name(spec: str) -> str:
    """Return what messages call the pipe `spec`, a named one or standard input; empty if it is none."""
    if spec == "-":
        return "standard input"
    return f"the pipe {spec}" if Path(spec).is_fifo() else ""


def open_pipe(spec: str) -> PipeSource:
    """Open a named pipe or, as "-", standard input. Waits for the program that writes to it.

    Raises:
        SourceError: if what comes through it is not a clip that can be read without going back.
    """
    if spec != "-":
        return PipeSource(os.open(spec, os.O_RDONLY), pipe_name(spec))
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError(f"--camera - reads what another program writes: {WRITER}")
    return PipeSource(os.dup(sys.stdin.fileno()), pipe_name(spec))


class PipeSource(ClipSource):
    """A clip that is read as another program writes it: once, from its beginning."""

    def __init__(self, descriptor: int, name: str) -> None:
        """Take over an open file descriptor, which messages call `name`."""
        self._pipe = _Pipe(descriptor)
        try:
            super().__init__(Path(name), open=lambda _: self._open(name))
        except BaseException:
            self._pipe.close()
            raise
        self.name = name

    def interrupt(self) -> None:
        """End a read that waits for the other program. Any thread may call it."""
        self._pipe.interrupted.set()

    def close(self) -> None:
        super().close()
        self._pipe.close()

    def _open(self, name: str) -> InputContainer:
        try:
            options = {"format_whitelist": own_formats(), "protocol_whitelist": "crypto"}
            return cast(InputContainer, av.open(self._pipe, "r", container_options=options))
        except (OSError, FFmpegError) as error:
            raise SourceError(
                f"{name} sends no clip that can be read as it comes; MPEG-TS and Matroska can: {WRITER}"
            ) from error


class _Pipe:
    """The reading end of a pipe, as PyAV reads it.

    Attributes:
        interrupted: set it to end the pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.interrupted = threading.Event()

    def read(self, size: int) -> bytes:
        """Wait for data; return at most `size` bytes, none at the end."""
        while not self.interrupted.is_set():
            # Windows can wait for sockets only.
            if sys.platform == "win32" or select.select([self._descriptor], [], [], 0.1)[0]:
                return os.read(self._descriptor, size)
        return b""

    def close(self) -> None:
        """Close the pipe. Calling it again does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
