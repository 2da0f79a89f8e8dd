"""The folder that downloaded, converted and compiled models are kept in."""

from __future__ import annotations

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


def size_of(folder: Path) -> int:
    """Bytes in the files of a folder and the folders in it."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
