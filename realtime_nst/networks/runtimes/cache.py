"""The folder that downloaded, converted and compiled models are kept in."""

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


def cache_folder() -> Path:
    """$REALTIME_NST_CACHE, or the system's cache folder for this program."""
    own = os.environ.get("REALTIME_NST_CACHE")
    return Path(own) if own else platformdirs.user_cache_path("realtime-nst", appauthor=False)


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `folder` when the block ends well and is removed otherwise.

    So `folder` is whole whenever it is there, even after a kill. Where another process was first, its
    folder stays. Raises OSError where the disk cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}-*"):  # by a killed process, not one at work now
        if time.time() - left.stat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
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
    """What `store` put into `file`; None where it is missing or damaged."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    digest, kept = data[:32], data[32:]
    if hashlib.sha256(kept).digest() != digest:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)  # `store` removes what has not been used for longest
    return kept


def store(file: Path, data: bytes, most: int) -> None:
    """Put `data` into `file`, whole or not at all, and keep only the `most` files of its folder used last.

    Where the disk cannot be written nothing is kept, and nothing is raised: what is stored can be made again.
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
        by_use = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in by_use[most:]:
            old.unlink()


def size_of(folder: Path) -> int:
    """Bytes in the files of a folder and the folders in it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
