"""The rule that chooses a processing size: the one that the user set, or the largest below it at which the machine
sustains the frame rate; changed rarely."""

from __future__ import annotations

from collections.abc import Sequence


class AdaptiveResolution:
    """Chooses a processing size from the durations of frames. It reads no clock: the caller passes the time.

    It switches to a smaller size once the frame rate has been missed for `shrink_after` seconds. It switches to the
    next larger size once that size would have left a quarter of the time free for `grow_after` seconds. Each time a
    larger size turns out to be too slow, `grow_after` doubles. So the size settles instead of oscillating visibly.

    Args:
        fps: frame rate to sustain.
        sizes: long sides in pixels to choose from; the largest is the one that the user set.
        size: the size to begin with, one of `sizes`.
        shrink_after: seconds over which the median duration is taken.
        grow_after: seconds of spare time before a larger size is tried.
    """

    def __init__(
        self, fps: float, sizes: Sequence[int], size: int, *, shrink_after: float = 2.0, grow_after: float = 10.0
    ) -> None:
        self._budget = 1 / fps
        self._sizes = sorted(sizes)
        self.size = size
        self._window, self._grow_after = shrink_after, grow_after
        self._durations: list[float] = []
        self._window_start: float | None = None
        self._headroom_since: float | None = None
        self._grown_at: float | None = None

    def update(self, duration: float, now: float) -> int:
        """Take the duration of one more frame into account.

        Args:
            duration: seconds that the frame took.
            now: seconds, by any steady clock.

        Returns:
            The size to use from now on.
        """
        if self._window_start is None:
            self._window_start = now
        self._durations.append(duration)
        if now - self._window_start >= self._window:
            self._decide(sorted(self._durations)[len(self._durations) // 2], now)
            self._durations, self._window_start = [], now
        return self.size

    def _decide(self, median: float, now: float) -> None:
        if median > self._budget:
            if self._grown_at is not None and now - self._grown_at < 4 * self._grow_after:
                self._grow_after *= 2
            self._change(self.largest_fitting(median))
            return
        larger = next((size for size in self._sizes if size > self.size), None)
        if larger is None or median * (larger / self.size) ** 2 > 0.75 * self._budget:
            self._headroom_since = None
            return
        if self._headroom_since is None:
            self._headroom_since = now
        if now - self._headroom_since >= self._grow_after:
            self._change(larger)
            self._grown_at = now

    def allow(self, sizes: Sequence[int]) -> None:
        """Choose from other sizes from now on.

        A size that is the largest becomes the new largest at once, even if that may turn out too slow; a size that is
        smaller for the sake of the frame rate stays, unless it is larger than all of `sizes`.
        """
        at_largest = self.size == self._sizes[-1]
        self._sizes = sorted(sizes)
        self._durations, self._window_start = [], None
        if at_largest or self.size > self._sizes[-1]:
            self._change(self._sizes[-1])

    def largest_fitting(self, duration: float) -> int:
        """Return the largest size that leaves a tenth of the time free, or the smallest size if none does.

        Args:
            duration: seconds that a frame takes at the current size. Time is assumed to grow with the area.
        """
        fitting = [size for size in self._sizes if duration * (size / self.size) ** 2 <= 0.9 * self._budget]
        return fitting[-1] if fitting else self._sizes[0]

    def _change(self, size: int) -> None:
        self.size = size
        self._headroom_since = self._grown_at = None
