"""A short queue between two threads, which either drops its oldest item or makes the writer wait."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class QueueClosed(Exception):  # noqa: N818  it is no error: a stream has ended
    """No more items will come."""


class FrameQueue(Generic[T]):
    """A queue of at most `size` items between two threads.

    With `drop`, a full queue loses its oldest item, so that the reader always gets the newest (live). Without, the
    writer waits until there is room (clip).

    Attributes:
        dropped: number of items lost that way.
    """

    def __init__(self, size: int, *, drop: bool) -> None:
        self._size = size
        self._drop = drop
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Append an item.

        Raises:
            QueueClosed: after `end`.
        """
        with self._changed:
            if not self._drop:
                self._changed.wait_for(lambda: self._ended or len(self._items) < self._size)
            if self._ended:
                raise QueueClosed
            if len(self._items) >= self._size:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout: float | None = None) -> T | None:
        """Remove and return the oldest item, or None if none comes within `timeout` seconds.

        Raises:
            QueueClosed: after `end`, once all items have been taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended, timeout)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._ended:
                raise QueueClosed
            return None

    def end(self, *, discard: bool = False) -> None:
        """Accept no more items. Those in the queue can still be taken, unless `discard`."""
        with self._changed:
            self._ended = True
            if discard:
                self._items.clear()
            self._changed.notify_all()
