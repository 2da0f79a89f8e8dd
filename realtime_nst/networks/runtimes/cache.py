"""The folder that holds downloaded, converted and compiled models."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

DAY = 24 * 60 * 60.0
"""In seconds."""


def cache_folder() -> Path:
    """Return $REALTIME_NST_CACHE, or the system's cache folder for this program."""
    override = os.environ.get("REALTIME_NST_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("realtime-nst", appauthor=False)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; rename it to `folder` if the block succeeds, remove it otherwise.

    If `folder` exists it is therefore complete, even after a kill. If another process finishes first, its folder stays.

    Raises:
        OSError: if the disk cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        if time.time() - leftover.stat().st_mtime > DAY:  # of a killed process; a younger one may still be in use
            shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        yield partial
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load(file: Path) -> bytes | None:
    """Return what `store` wrote to `file`; None if it is missing or damaged."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    digest, data = content[:32], content[32:]
    if hashlib.sha256(data).digest() != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # marks it as used, for `store`
    return data


def store(file: Path, data: bytes, most: int) -> None:
    """Write `data` to `file`, whole or not at all; keep the `most` recently used files of its folder.

    Errors are ignored: what is stored can be computed again.
    """
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=file.parent)
        try:
            with open(handle, "wb") as out:
                out.write(hashlib.sha256(data).digest() + data)
            os.replace(partial, file)
        except OSError:
            os.unlink(partial)
            raise
        by_use = sorted(file.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for unused in by_use[most:]:
            unused.unlink()


def size_of(folder: Path) -> int:
    """Return the bytes in all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
