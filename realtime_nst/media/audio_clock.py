"""The clock of a sound card, recovered from the arrival of its blocks."""

from __future__ import annotations

from collections import deque


class AudioClock:
    """Computes the capture times of samples from the arrival times of their blocks.

    Blocks arrive late, because the system buffers them, and never early. The least delayed block of the last `window`
    seconds therefore gives the best estimate of the sound card's clock. A card that runs fast or slow is followed.
    """

    def __init__(self, rate: int, window: float = 10.0) -> None:
        """Start a clock.

        Args:
            rate: nominal samples per second.
            window: seconds of arrivals that are compared.
        """
        self._rate, self._window = rate, window
        self._count = 0
        self._lags: deque[tuple[float, float]] = deque()
        """(arrival, arrival minus the time counted in samples), with rising lags: the first is the smallest."""

    def captured_at(self, count: int, arrived: float) -> float:
        """Return when the first sample of a block was captured.

        Args:
            count: number of samples in the block.
            arrived: when it arrived, in seconds.

        Returns:
            Seconds, on the clock of `arrived`.
        """
        began = self._count / self._rate
        self._count += count
        lag = arrived - self._count / self._rate
        while self._lags and self._lags[-1][1] >= lag:
            self._lags.pop()
        self._lags.append((arrived, lag))
        while self._lags[0][0] < arrived - self._window:
            self._lags.popleft()
        return began + self._lags[0][1]

    def reset(self) -> None:
        """Discard all arrivals, because samples were lost."""
        self._lags.clear()
