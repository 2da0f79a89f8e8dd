"""The processing size that sustains a frame rate: the rule on simulated machines, and the stylizer that follows it."""

import itertools
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from support.doubles import MeanColour

from realtime_nst.frames import RenderParams
from realtime_nst.live import adaptive_stylizer
from realtime_nst.live.adaptive_resolution import AdaptiveResolution
from realtime_nst.live.adaptive_stylizer import AdaptiveStylizer

SIZES = [256, 320, 384, 448, 512, 640]


def simulate(resolution, seconds_at_640, minutes, start=0.0, noise=0.0):
    """Run `resolution` on a machine whose time per frame grows with the area.

    `seconds_at_640(now)` is the time of a frame of 640 pixels at a simulated moment. Returns the size in use at each
    second.
    """
    rng = np.random.default_rng(0)
    now, sizes = start, []
    while now < start + 60 * minutes:
        duration = seconds_at_640(now) * (resolution.size / 640) ** 2 * (1 + noise * rng.standard_normal())
        now += max(duration, 1 / 30)
        resolution.update(duration, now)
        if len(sizes) <= now - start:
            sizes.append(resolution.size)
    return sizes


def changes(sizes):
    return sum(a != b for a, b in itertools.pairwise(sizes))


def test_a_slow_machine_takes_a_size_it_can_hold_at_once_and_keeps_it():
    sizes = simulate(AdaptiveResolution(30, SIZES, 640), lambda now: 0.08, minutes=10, noise=0.1)
    assert sizes[4] == sizes[-1]
    assert changes(sizes) == 1
    assert 0.08 * (sizes[-1] / 640) ** 2 < 1 / 30


def test_a_fast_machine_grows_step_by_step_to_the_largest_size():
    sizes = simulate(AdaptiveResolution(30, SIZES, 256), lambda now: 0.01, minutes=10, noise=0.1)
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (256, 640)
    assert changes(sizes) == len(SIZES) - 1


@pytest.mark.parametrize("speed", np.linspace(0.02, 0.2, 10))
def test_on_any_machine_the_size_settles(speed):
    sizes = simulate(AdaptiveResolution(30, SIZES, 384), lambda now: speed, minutes=30, noise=0.15)
    assert changes(sizes[600:]) <= 1


def test_a_varying_load_does_not_make_the_size_oscillate():
    """Another program takes half the machine every other 20 seconds, for an hour."""
    sizes = simulate(AdaptiveResolution(30, SIZES, 512), lambda now: 0.06 if now % 40 < 20 else 0.03, minutes=60)
    assert changes(sizes) < 20
    assert changes(sizes[1800:]) <= 4


def test_a_machine_too_slow_for_any_size_takes_the_smallest():
    sizes = simulate(AdaptiveResolution(30, SIZES, 640), lambda now: 5.0, minutes=5)
    assert sizes[-1] == 256


def test_the_size_never_exceeds_the_one_that_the_user_set():
    resolution = AdaptiveResolution(30, [256, 320, 384], 384)
    assert set(simulate(resolution, lambda now: 0.005, minutes=5)) == {384}
    resolution.allow(SIZES)
    assert resolution.size == 640, "a new size is used at once"
    resolution.allow([192])
    assert resolution.size == 192, "also one below those that are chosen for the sake of the frame rate"


def test_a_size_that_the_frame_rate_needs_is_kept_when_the_user_sets_another():
    resolution = AdaptiveResolution(30, SIZES, 640)
    assert simulate(resolution, lambda now: 0.08, minutes=1)[-1] == 384
    resolution.allow(SIZES[:5])
    assert simulate(resolution, lambda now: 0.08, minutes=1, start=60.0)[-1] == 384
    resolution.allow(SIZES[:2])
    assert simulate(resolution, lambda now: 0.08, minutes=1, start=120.0)[-1] == 320


def test_without_a_frame_rate_only_the_user_changes_the_size():
    stylizer = AdaptiveStylizer(MeanColour(), None, processing_size=448)
    stylizer.warm_up(480, 640)
    image, code = np.zeros((480, 640, 3), np.uint8), np.zeros(3, np.float32)
    stylizer.stylize(image, code)
    assert stylizer.stroke_sizes[-2:] == [512, 640] and stylizer.processing_size == 448
    stylizer.set_stroke_size(192)
    while stylizer.processing_size == 448:
        pass  # It does not take a frame: the video may stand still.
    assert stylizer.processing_size == stylizer.stroke_size == 192
    stylizer.close()


class Timed(MeanColour):
    """A network double that reports when it sees a new size."""

    def __init__(self):
        super().__init__()
        self.resized = threading.Event()

    def transform(self, image, code):
        output = super().transform(image, code)
        if image.shape != (480, 640, 3):
            self.resized.set()
        return output


def test_the_processing_size_changes_in_the_background_and_the_frame_size_never():
    network = Timed()
    stylizer = AdaptiveStylizer(network, fps=1e6, processing_size=800)  # No size can sustain that.
    stylizer.warm_up(480, 640)
    assert stylizer.stroke_size == 640, "strokes are not finer than the frame"
    assert stylizer.processing_size == 256, "the first size is chosen before the first frame"
    stylizer.processing_size = stylizer._resolution.size = 640
    image, code = np.zeros((480, 640, 3), np.uint8), np.zeros(3, np.float32)
    while stylizer.processing_size == 640:
        assert stylizer.stylize(image, code).shape == image.shape
    assert stylizer.processing_size == 256
    assert network.resized.is_set()
    stylizer.close()


def test_waiting_for_the_window_does_not_count_as_a_frame_s_time(monkeypatch):
    stylizer = AdaptiveStylizer(MeanColour(), fps=30)
    image, code = np.zeros((48, 64, 3), np.uint8), np.zeros(3, np.float32)
    stylizer.warm_up(48, 64)
    now, durations = 0.0, []
    monkeypatch.setattr(adaptive_stylizer, "time", SimpleNamespace(perf_counter=lambda: now))
    monkeypatch.setattr(
        stylizer._resolution, "update", lambda duration, now: durations.append(duration) or stylizer.processing_size
    )
    finish = stylizer.begin(image, RenderParams(code))
    now = 0.5  # The window is busy with the previous frame.
    finish()
    assert durations == [0.0]
    stylizer.close()
