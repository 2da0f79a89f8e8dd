"""Keep what has been written of a growing file safe from a power cut."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from .._closing import Closing
from ..media.paths import sync, sync_folder


class DiskSync(Closing):
    """Syncs a file whenever it is asked to, on a thread of its own, so that a slow disk delays nobody.

    Requests that arrive during a sync are served by the next one.

    Args:
        path: the file. It may be created later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._requested = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="disk-sync", daemon=True)
        self._thread.start()

    def request(self) -> None:
        """Sync what the file holds now, as soon as possible."""
        self._requested.set()

    def close(self) -> None:
        """Wait for a sync under way. Calling it again does nothing."""
        self._closing = True
        self._requested.set()
        self._thread.join()

    def _work(self) -> None:
        entered = False
        while self._requested.wait() and not self._closing:
            self._requested.clear()
            with contextlib.suppress(OSError):  # The writer meets the same error, and reports it.
                sync(self._path)
                if not entered:
                    sync_folder(self._path.parent)
                entered = True
