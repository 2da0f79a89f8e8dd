"""How one thread hands frames to the next: a short queue that drops its oldest, or that waits."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class QueueClosed(Exception):
    """Nothing more will come."""


class FrameQueue(Generic[T]):
    """A queue of at most `size` items between two threads.

    With `drop` a full queue loses its oldest item, so the reader always gets the newest (live); without,
    the writer waits until there is room (clip).
    """

    def __init__(self, size: int, *, drop: bool) -> None:
        self._size = size
        self._drop = drop
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.dropped = 0

    def put(self, item: T) -> None:
        """Hand `item` over. Raises Ended after `end`."""
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
        """The oldest item, or None where none comes within `timeout` seconds. Raises Ended after the last."""
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
        """Take nothing more; what is queued can still be got unless `discard`."""
        with self._changed:
            self._ended = True
            if discard:
                self._items.clear()
            self._changed.notify_all()
