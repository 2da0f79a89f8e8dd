"""Download and unpack a model's archive within bounds: bytes, files, compression, time. Nothing leaves its folder."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import shutil
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeAlias

from ..errors import ModelError

Progress: TypeAlias = Callable[[int, "int | None"], None]
"""Called with the bytes so far and, if known, the total."""

MAX_BYTES = 512 << 20
"""Of an archive. Magenta's has a fifth of it."""
MAX_UNPACKED = 1 << 30
MAX_RATIO = 100
"""Unpacked bytes for each packed one, beyond `FREE_BYTES`: weights hardly shrink."""
FREE_BYTES = 64 << 20
MAX_FILES = 1000
MIN_RATE = 1024
"""Bytes per second: a slower server is given up."""


class UnreachableError(Exception):
    """The archive could not be fetched; the message says why."""


def download(url: str, file: IO[bytes], *, plain_http: bool, timeout: float, progress: Progress) -> str:
    """Download an archive.

    Args:
        url: http(s). The query that makes TensorFlow Hub answer with an archive is appended.
        file: receives the bytes.
        plain_http: whether unencrypted HTTP is allowed, also by redirects.
        timeout: seconds that the server may take to connect, and between two packets.
        progress: called after every packet.

    Returns:
        The SHA-256 of the archive, in hexadecimal digits.

    Raises:
        UnreachableError: if the server fails, is too slow or breaks off.
        ModelError: if the archive is too large.
        OSError: if `file` cannot be written.
    """
    digest, done, started = hashlib.sha256(), 0, time.monotonic()
    opener = urllib.request.build_opener(*([] if plain_http else [_OnlyHttps]))
    try:
        answer = opener.open(_with_query(url), timeout=timeout)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnreachableError(_reason(error)) from error
    with answer:
        total = answer.length
        if total is not None and total > MAX_BYTES:
            raise _too_large(url)
        while True:
            try:
                piece = answer.read1(1 << 16)
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise UnreachableError(_reason(error)) from error
            if not piece:
                break
            file.write(piece)
            digest.update(piece)
            done += len(piece)
            progress(done, total)
            seconds = time.monotonic() - started
            if done > MAX_BYTES:
                raise _too_large(url)
            if seconds > 3 * timeout and done < MIN_RATE * seconds:
                raise UnreachableError(f"the server is too slow: {done} bytes in {seconds:.0f} s")
        if total is not None and done < total:
            raise UnreachableError(f"it broke off {total - done} bytes before its end")
    file.flush()
    return digest.hexdigest()


def unpack(file: IO[bytes], folder: Path, name: str) -> None:
    """Unpack a tar archive, compressed with gzip or not, into `folder`.

    Args:
        file: the archive, at its beginning.
        folder: an existing folder.
        name: what messages call the archive.

    Raises:
        ModelError: if it is damaged, exceeds a bound, or names a file outside `folder`.
        OSError: if `folder` cannot be written.
    """
    size = os.fstat(file.fileno()).st_size
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    limit = min(FREE_BYTES + MAX_RATIO * size, MAX_UNPACKED)
    bounded: Any = _Bounded(gzip.GzipFile(fileobj=file) if packed else file, limit)
    try:
        with tarfile.open(fileobj=bounded, mode="r|") as tar:
            for number, member in enumerate(tar, 1):
                if number > MAX_FILES:
                    raise ModelError(f"{name} holds more than {MAX_FILES} files: it is not the archive of a model")
                _unpack_one(tar, member, folder, name)
        while bounded.read(1 << 16):  # the checksum is at the end, behind what tar reads
            pass
    except _BoundExceededError as error:
        raise ModelError(f"{name} unpacks to more than {limit >> 20} MB: it is not the archive of a model") from error
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise ModelError(f"{name} is not a .tar.gz archive, or damaged: {error}") from error


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, name: str) -> None:
    target = Path(os.path.normpath(folder / member.name))
    if not target.is_relative_to(folder) or "\0" in member.name:
        raise ModelError(f"{name} would write outside its folder, as {member.name!r}: do not use it")
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif member.isfile():
        target.parent.mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member)
        assert content is not None
        with target.open("wb") as out:
            shutil.copyfileobj(content, out)
    else:
        raise ModelError(f"{name} holds {member.name!r}, which is a link or a device: do not use it")


class _BoundExceededError(Exception):
    pass


class _Bounded:
    """A file of which only `limit` bytes can be read."""

    def __init__(self, file: Any, limit: int) -> None:
        self._file = file
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _BoundExceededError
        return data


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Refuses redirects to unencrypted addresses."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https:"):
            raise urllib.error.URLError(f"it is redirected to {newurl}, which is not encrypted (needs --sha256)")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _with_query(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    query = [*urllib.parse.parse_qsl(parts.query, keep_blank_values=True), ("tf-hub-format", "compressed")]
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))


def _too_large(url: str) -> ModelError:
    return ModelError(f"{url} is larger than {MAX_BYTES >> 20} MB: unpack it yourself and give --model FOLDER")


def _reason(error: BaseException) -> str:
    return str(error).removeprefix("<urlopen error ").removesuffix(">") or type(error).__name__
