"""Check and choose output paths before a run rather than after it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from ..errors import OutputError


def check_overwrite(path: Path, overwrite: bool) -> None:
    """Raise OutputError if the file `path` exists and must not be replaced."""
    if path.is_file() and not overwrite:  # writing to a device such as /dev/stdout loses nothing
        raise OutputError(f"{path} exists; add --overwrite to replace it, or choose another name")


def check_not_read(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise OutputError if an output is an input: the same file, by whatever name or link."""
    read = {(status.st_dev, status.st_ino) for path in inputs if path.exists() for status in [path.stat()]}
    for output in outputs:
        if output.exists() and (output.stat().st_dev, output.stat().st_ino) in read:
            raise OutputError(f"{output} is itself an input; choose another name or folder")


def check_writable(path: str | Path, endings: tuple[str, ...] = (), *, overwrite: bool = True) -> Path:
    """Check that the file `path` can be written, without touching an existing one.

    Args:
        endings: the extensions that it may have, in lower case; empty: any.
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


def sibling(path: Path, tag: str) -> Path:
    """Return the path beside `path` whose name has `tag` before the extension: clip.mp4 becomes clip.TAG.mp4.

    File systems allow names of 255 bytes. A name above 250 bytes, which leaves room for another extension, is shortened
    and made unique by a hash.
    """
    name = f"{path.stem}.{tag}{path.suffix}"
    if len(os.fsencode(name)) > 250:
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]
        ending = f"~{digest}.{tag}{path.suffix}"
        stem = os.fsencode(path.stem)[: 250 - len(os.fsencode(ending))].decode("utf-8", "ignore")
        name = f"{stem}{ending}"
    return path.with_name(name)


def sync(path: Path) -> None:
    """Sync a file to the disk, so that it survives a power cut. Raises OSError."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Sync the names of the files in a folder. Raises OSError."""
    if os.name == "posix":  # elsewhere a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace(path: Path, target: Path) -> None:
    """Give a finished file its final name, so that after a power cut `target` is whole or as it was. Raises OSError."""
    sync(path)
    os.replace(path, target)
    sync_folder(target.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all, in place of an existing one. Raises OSError."""
    partial = path.with_name(f"{secrets.token_hex(12)}.part")
    try:
        # The system applies the umask here. tempfile would not, and reading the umask changes it for all threads.
        with partial.open("xb") as file:
            file.write(data)
        replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def new_file(folder: Path, ending: str) -> Path:
    """Return a path for a new file, named realtime-nst-DATE-TIME.

    Args:
        folder: its folder, which is created if it does not exist.
        ending: its extension, such as ".png".

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
