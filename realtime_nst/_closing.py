"""Context managers for classes that have a `close` method."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

AnyClosing = TypeVar("AnyClosing", bound="Closing")


class Closing:
    """A base class for sources and sinks: a `with` block closes them, whatever ends it."""

    def close(self) -> None:
        """Release what is held. Calling it again does nothing."""

    def interrupt(self) -> None:
        """End a `read` that waits for the next frame, if it can be ended; nothing is read afterwards.

        In contrast to `close`, any thread may call it.
        """

    def __enter__(self: AnyClosing) -> AnyClosing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
