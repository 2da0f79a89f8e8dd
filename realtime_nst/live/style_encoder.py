"""The styles of a run: encoded in the background, looked up for every frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..errors import StyleError
from ..frames import Image, StyleCode
from ..styles.library import Style
from ..stylizer import Stylizer


class Choice(NamedTuple):
    """A style to choose from."""

    name: str
    read: Callable[[], Image]
    """Reads its image."""
    style: Style | None = None
    """The style, if the image is a style's picture: a vector may have been fitted to it."""


class StyleEncoder:
    """Encodes each style once, on a thread beside the video.

    Args:
        stylizer: encodes the images.
        styles: the styles. `add` appends more.
        first: index of the style to begin with.
        prefetch: encode the other styles too, in order, while the requested one is ready.

    Attributes:
        requested: index of the style that the user asked for.
        current: index of the style in use: the last requested one that was ready, or the first that is.
        second: index of a style that is mixed in, and therefore encoded too; None: none is.
        errors: errors of styles that could not be read. Whoever reports an error removes it.
    """

    def __init__(self, stylizer: Stylizer, styles: Sequence[Choice], *, first: int = 0, prefetch: bool) -> None:
        self._stylizer = stylizer
        self._styles = list(styles)
        self._prefetch = prefetch
        self._codes: dict[int, StyleCode] = {}
        self._unreadable: set[int] = set()
        self.errors: list[StyleError] = []
        self._changed = threading.Condition()
        self._closed = False
        self._failure: BaseException | None = None
        self.requested = first
        self.current = first
        self.second: int | None = None
        self._thread = threading.Thread(target=self._work, name="style-encoder", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._styles)

    def name(self, index: int) -> str:
        """Return the name of a style."""
        return self._styles[index].name

    def read(self, index: int) -> Image:
        """Read the image of a style.

        Returns:
            uint8, BGR, H x W x 3.

        Raises:
            IndexError: if there is no such style.
            StyleError: if the image cannot be read.
        """
        return self._styles[index].read()

    def style(self, index: int) -> Style | None:
        """Return the style; None if its image is not a style's picture."""
        return self._styles[index].style

    def improve(self, index: int, code: StyleCode) -> None:
        """Use another code for a style that is encoded."""
        with self._changed:
            self._codes[index] = code

    def add(self, name: str, read: Callable[[], Image]) -> int:
        """Append a style and return its index."""
        with self._changed:
            self._styles.append(Choice(name, read))
            return len(self._styles) - 1

    @property
    def ready(self) -> bool:
        """Whether the requested style is encoded and in use."""
        return self.requested == self.current and self.current in self._codes

    def request(self, index: int) -> None:
        """Use style `index` as soon as it is encoded. A style that could not be read is tried again.

        Args:
            index: any integer; it wraps around.
        """
        with self._changed:
            self.requested = index % len(self._styles)
            self._unreadable.discard(self.requested)
            self._changed.notify_all()

    def mix_in(self, index: int | None) -> None:
        """Encode style `index` too, to mix it in; None: none. It wraps around."""
        with self._changed:
            self.second = None if index is None else index % len(self._styles)
            self._changed.notify_all()

    def second_code(self) -> StyleCode | None:
        """Return the code of the second style: float32 vector; None while it is not ready, or if there is none."""
        with self._changed:
            return None if self.second is None else self._codes.get(self.second)

    def step(self, by: int) -> None:
        """Request the style `by` places after the requested one, skipping those that could not be read."""
        index = self.requested + by
        while index % len(self) in self._unreadable and index % len(self) != self.requested:
            index += by
        self.request(index)

    def code(self, *, wait: bool = False) -> StyleCode | None:
        """Return the code of the requested style, or of the current one while the requested one is not ready.

        Args:
            wait: block until the first style is ready.

        Returns:
            A float32 vector, or None while no style is ready.

        Raises:
            StyleError: if no style can be read.
            Exception: any other error from encoding.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._codes or self._failure or self._closed)
            if self._failure is not None:
                raise self._failure
            if self.requested in self._codes:
                self.current = self.requested
            return self._codes.get(self.current)

    def close(self) -> None:
        """Stop encoding. Waits for an encoding under way: a runtime must not be torn down during it at exit."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            while (index := self._wait_for_task()) is not None:
                self._encode(index)
        except BaseException as failure:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _wait_for_task(self) -> int | None:
        """Wait for the next style to encode: the requested one, then with `prefetch` the others. None: closed."""

        def next_task() -> int | None:
            count = len(self) if self._prefetch else 1
            order = [(self.requested + offset) % len(self) for offset in range(count)]
            if self.second is not None:
                order.insert(1, self.second)
            return next((i for i in order if i not in self._codes and i not in self._unreadable), None)

        with self._changed:
            self._changed.wait_for(lambda: self._closed or next_task() is not None)
            return None if self._closed else next_task()

    def _encode(self, index: int) -> None:
        try:
            choice = self._styles[index]
            code = self._stylizer.encode_style(choice.style) if choice.style else self._stylizer.encode(choice.read())
        except StyleError as error:
            if not self._codes and len(self._unreadable) + 1 == len(self):
                raise
            self.errors.append(error)
            with self._changed:
                self._unreadable.add(index)
                if self.second == index:
                    self.second = None
                if self.requested == index:
                    self.requested = self._fallback(index)
            return
        with self._changed:
            self._codes[index] = code
            if self.current not in self._codes:
                self.current = index
            self._changed.notify_all()

    def _fallback(self, index: int) -> int:
        """Return the style to use instead of the unreadable style `index`: the current one, else the next readable."""
        if self.current in self._codes:
            return self.current
        others = ((index + offset) % len(self) for offset in range(1, len(self)))
        return next(other for other in others if other not in self._unreadable)
