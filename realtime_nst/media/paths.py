"""Where files go, looked at before a run rather than after it."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from ..errors import OutputError


def check_writable(path: str | Path, endings: tuple[str, ...] = ()) -> Path:
    """Make sure that the file `path` can be written, without touching one that is there.

    endings: those it may have, in lower case; none: any. Raises OutputError.
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        raise OutputError(f"cannot write {path}: its name must end in {' or '.join(endings)}")
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; name a file in it")
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    return path


def new_file(folder: Path, ending: str) -> Path:
    """A file realtime-nst-DATE-TIME not there yet, in `folder`, which is made. Raises OutputError."""
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
