"""Claims on output files, so that two runs never write the same one."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from ..errors import OutputError

_WINDOWS_OFFSET = 1 << 30
"""Offset of the locked byte. Windows forbids reading locked bytes, so it lies far beyond the end of the note."""


class Claim:
    """A small file that only one process at a time can hold. It may bear a note, which outlives the process.

    The lock ends with the process, however that ends; the file stays until `release` removes it.
    """

    def __init__(self, path: Path) -> None:
        """Create the file if it does not exist, and lock it.

        Raises:
            OutputError: if another process, or another claim in this one, holds it.
            OSError: if the file cannot be opened.
        """
        self.path = path
        while True:
            self._file = open(path, "a+b")  # noqa: SIM115  it stays open as long as the claim is held
            try:
                _lock(self._file.fileno())
            except OSError as error:
                self._file.close()
                raise OutputError(
                    f"another run is writing there now ({path} is locked); wait for it, or choose another output"
                ) from error
            # The previous holder may have removed the file between our opening and locking it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._file.fileno()), os.stat(path)):
                    return
            self._file.close()

    @property
    def note(self) -> str:
        """The note; empty if there is none."""
        self._file.seek(0)
        return self._file.read().decode("utf-8", "replace")

    @note.setter
    def note(self, text: str) -> None:
        self._file.truncate(0)
        self._file.write(text.encode())
        self._file.flush()

    def release(self, *, remove: bool) -> None:
        """Give the claim back, and remove the file or leave it with its note. Calling it again does nothing."""
        if self._file.closed:
            return
        if remove and sys.platform != "win32":  # while it is still ours; Windows removes no open file
            self.path.unlink(missing_ok=True)
        self._file.close()
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    """Lock an open file without waiting. Raises OSError if it is locked already."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _WINDOWS_OFFSET, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
