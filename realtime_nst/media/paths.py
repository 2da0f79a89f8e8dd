"""Check and choose output paths before a run rather than after it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from ..errors import OutputError


def check_overwrite(path: Path, overwrite: bool) -> None:
    """Raise OutputError if the file `path` exists and must not be replaced."""
    if path.is_file() and not overwrite:  # writing to a device such as /dev/stdout loses nothing
        raise OutputError(f"{path} exists; add --overwrite to replace it, or choose another name")


def check_writable(path: str | Path, endings: tuple[str, ...] = (), *, overwrite: bool = True) -> Path:
    """Check that the file `path` can be written, without touching an existing one.

    Args:
        endings: the endings it may have, in lower case; none: any.
        overwrite: whether it may exist.

    Raises:
        OutputError: if it cannot be written, or exists although `overwrite` is false.
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        raise OutputError(f"cannot write {path}: its name must end in {' or '.join(endings)}")
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; name a file in it")
    check_overwrite(path, overwrite)
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    return path


def new_file(folder: Path, ending: str) -> Path:
    """Return a path for a new file, named realtime-nst-DATE-TIME.

    Args:
        folder: where it goes; created if it is not there.
        ending: the ending, such as ".png".

    Raises:
        OutputError: if the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise OutputError(f"cannot make the folder {folder}: {reason.strerror or reason}") from reason
    stem = f"realtime-nst-{datetime.now():%Y%m%d-%H%M%S}"
    path = folder / f"{stem}{ending}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{ending}"
        number += 1
    return path
