"""The styles of a run: encoded in the background, looked up by the frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ..errors import StyleError
from ..frames import Image, StyleCode
from ..stylizer import Stylizer


class StyleEncoder:
    """Styles by number, each encoded once, by a thread beside the video.

    styles: (name, function that reads the picture), to which `add` adds. `wanted` is what the user asked for, `shown`
    the last one that was ready. prefetch: encode the others too, in order, while nothing else is wanted.
    """

    def __init__(
        self, stylizer: Stylizer, styles: Sequence[tuple[str, Callable[[], Image]]], *, prefetch: bool
    ) -> None:
        self._stylizer = stylizer
        self._styles = list(styles)
        self._prefetch = prefetch
        self._codes: dict[int, StyleCode] = {}
        self._bad: set[int] = set()
        self.broken: list[StyleError] = []
        """What is wrong with pictures that cannot be read, for whoever tells the user to take out."""
        self._changed = threading.Condition()
        self._closed = False
        self._failure: BaseException | None = None
        self.wanted = 0
        self.shown = 0
        self._thread = threading.Thread(target=self._work, name="styles", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._styles)

    def name(self, index: int) -> str:
        return self._styles[index][0]

    def read(self, index: int) -> Image:
        """The picture of a style, uint8 BGR. Raises StyleError where it cannot be read."""
        return self._styles[index][1]()

    def add(self, name: str, read: Callable[[], Image]) -> int:
        """One more style, at the end; gives its number."""
        with self._changed:
            self._styles.append((name, read))
            return len(self._styles) - 1

    @property
    def ready(self) -> bool:
        """Whether the wanted style is the one shown."""
        return self.wanted == self.shown and self.shown in self._codes

    def want(self, index: int) -> None:
        """Show style `index` (any whole number, counted round) as soon as it is ready."""
        with self._changed:
            self.wanted = index % len(self._styles)
            self._changed.notify_all()

    def step(self, by: int) -> None:
        """Go `by` styles on from the wanted one, past those that cannot be read."""
        index = self.wanted + by
        while index % len(self) in self._bad and index % len(self) != self.wanted:
            index += by
        self.want(index)

    def code(self, *, wait: bool = False) -> StyleCode | None:
        """The code of the wanted style, else of the one before; None while none is ready (`wait`: wait).

        Raises what went wrong while encoding, but not StyleError once there is a style to show.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._codes or self._failure or self._closed)
            if self._failure is not None:
                raise self._failure
            if self.wanted in self._codes:
                self.shown = self.wanted
            return self._codes.get(self.shown)

    def close(self) -> None:
        """Encode nothing more; waits for the style under way, which a runtime may not be torn from at exit."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            while (index := self._next()) is not None:
                self._encode(index)
        except BaseException as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _next(self) -> int | None:
        """Wait for something to encode: the wanted style, else with prefetch the next one after it."""

        def to_do() -> int | None:
            frames_in_flight = range(len(self) if self._prefetch else 1)
            order = ((self.wanted + k) % len(self) for k in frames_in_flight)
            return next((i for i in order if i not in self._codes and i not in self._bad), None)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or to_do() is not None)
            return None if self._closed else to_do()

    def _encode(self, index: int) -> None:
        try:
            code = self._stylizer.encode(self.read(index))
        except StyleError as reason:
            if not self._codes and len(self._bad) + 1 == len(self):
                raise
            with self._changed:
                self._bad.add(index)
                if self.wanted == index:
                    self.wanted = self.shown if self.shown in self._codes else (index + 1) % len(self)
            self.broken.append(reason)
            return
        with self._changed:
            self._codes[index] = code
            self._changed.notify_all()
