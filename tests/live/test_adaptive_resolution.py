"""The work size that holds a rate: the rule on simulated machines, and the stylizer that follows it."""

import threading
import time

import numpy as np
import pytest
from support.doubles import MeanColour

from realtime_nst.frames import RenderParams
from realtime_nst.live.adaptive_resolution import AdaptiveResolution
from realtime_nst.live.adaptive_stylizer import AdaptiveStylizer

SIZES = [256, 320, 384, 448, 512, 640]


def simulate(resolution, seconds_at_640, minutes, start=0.0, noise=0.0):
    """Run `resolution` on a machine whose time goes with the area; `seconds_at_640`: of the simulated moment.

    Gives the sizes in use by the second.
    """
    rng = np.random.default_rng(0)
    now, sizes = start, []
    while now < start + 60 * minutes:
        took = seconds_at_640(now) * (resolution.size / 640) ** 2 * (1 + noise * rng.standard_normal())
        now += max(took, 1 / 30)
        resolution.update(took, now)
        if len(sizes) <= now - start:
            sizes.append(resolution.size)
    return sizes


def changes(sizes):
    return sum(a != b for a, b in zip(sizes, sizes[1:]))


def test_a_slow_machine_goes_to_the_size_it_holds_at_once_and_stays():
    sizes = simulate(AdaptiveResolution(30, SIZES, 640), lambda now: 0.08, minutes=10, noise=0.1)
    assert sizes[4] == sizes[-1] and changes(sizes) == 1
    assert 0.08 * (sizes[-1] / 640) ** 2 < 1 / 30


def test_a_fast_machine_grows_by_steps_and_stays():
    sizes = simulate(AdaptiveResolution(30, SIZES, 256), lambda now: 0.01, minutes=10, noise=0.1)
    assert sizes == sorted(sizes) and sizes[0] == 256 and sizes[-1] == 640
    assert changes(sizes) == len(SIZES) - 1


@pytest.mark.parametrize("speed", np.linspace(0.02, 0.2, 10))
def test_on_any_machine_it_comes_to_rest(speed):
    sizes = simulate(AdaptiveResolution(30, SIZES, 384), lambda now: speed, minutes=30, noise=0.15)
    assert changes(sizes[600:]) <= 1


def test_load_that_comes_and_goes_does_not_pump():
    """Something else takes half the machine every other 20 seconds, for an hour."""
    sizes = simulate(AdaptiveResolution(30, SIZES, 512), lambda now: 0.06 if now % 40 < 20 else 0.03, minutes=60)
    assert changes(sizes) < 20 and changes(sizes[1800:]) <= 4


def test_the_smallest_size_is_the_end():
    sizes = simulate(AdaptiveResolution(30, SIZES, 640), lambda now: 5.0, minutes=5)
    assert sizes[-1] == 256


class Timed(MeanColour):
    """A network double that says when a new size comes."""

    def __init__(self):
        super().__init__()
        self.came = threading.Event()

    def transform(self, image, code):
        out = super().transform(image, code)
        if image.shape != (480, 640, 3):
            self.came.set()
        return out


def test_the_size_changes_beside_the_video_and_the_frames_keep_theirs():
    network = Timed()
    stylizer = AdaptiveStylizer(network, fps=1e6)  # no size holds that
    stylizer.warm_up(480, 640)
    assert stylizer.processing_size == 256, "the size to begin with is found before the first frame"
    stylizer.processing_size = stylizer._resolution.size = 640
    image, code = np.zeros((480, 640, 3), np.uint8), np.zeros(3, np.float32)
    while stylizer.processing_size == 640:
        assert stylizer.stylize(image, code).shape == image.shape
    assert stylizer.processing_size == 256 and network.came.is_set()
    stylizer.close()


def test_a_frame_that_waits_to_be_shown_is_not_slow():
    stylizer = AdaptiveStylizer(MeanColour(), fps=30)
    image, code = np.zeros((48, 64, 3), np.uint8), np.zeros(3, np.float32)
    stylizer.warm_up(48, 64)
    noted = []
    stylizer._resolution.update = lambda took, now: noted.append(took) or stylizer.processing_size
    end = stylizer.begin(image, RenderParams(code))
    time.sleep(0.5)  # the window is busy with the frame before
    end()
    assert len(noted) == 1 and 0 < noted[0] < 0.5
    stylizer.close()
