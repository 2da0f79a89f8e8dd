"""Percentiles of whole runs in constant memory, and frames per second over a minute."""

import time

import numpy as np
import pytest

from realtime_nst.timing import Clock, DurationHistogram


@pytest.mark.parametrize("scale", [3e-4, 8e-3, 2.0])
def test_percentiles_are_exact_to_half_a_percent(scale):
    durations = np.random.default_rng(1).lognormal(0, 0.8, 20_000) * scale
    histogram = DurationHistogram()
    for seconds in durations:
        histogram.add(seconds)
    for percent in (50, 95, 99):
        assert histogram.percentile_ms(percent) == pytest.approx(1000 * np.percentile(durations, percent), rel=0.011)


def test_durations_outside_the_range_count_at_its_ends():
    histogram = DurationHistogram()
    assert histogram.percentile_ms(50) == 0.0
    for seconds in (0.0, 0.0, 1e9):
        histogram.add(seconds)
    assert histogram.percentile_ms(50) == pytest.approx(0.01, rel=0.01)
    assert histogram.percentile_ms(100) > 9e5


@pytest.fixture
def clock(monkeypatch):
    """A clock whose time moves only when the test advances it."""
    now = [1000.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    clock = Clock(keep=100)
    clock.now = now  # pyright: ignore[reportAttributeAccessIssue] : for the test, which moves it
    return clock


def test_latency_is_that_of_the_whole_run(clock):
    for number in range(10_000):
        clock.now[0] += 1 / 30
        clock.shown(clock.now[0] - (0.2 if number < 6000 else 0.01))
    assert clock.latency_ms()["p50"] == pytest.approx(200, rel=0.01)
    assert clock.latency_ms(last=100)["p50"] == pytest.approx(10)


def test_the_rate_of_a_minute_is_that_of_all_its_frames(clock):
    for number in range(60 * 30):
        clock.now[0] += 1 / 60 if number < 900 else 1 / 20
        clock.shown(clock.now[0])
    assert clock.recent_fps(60) == pytest.approx(1800 / 60, rel=0.001)
    assert clock.recent_fps(2) == pytest.approx(20, rel=0.03)
