"""The built-in scene: deterministic, moving, with edges and gradients, at any size."""

import cv2
import numpy as np
import pytest

from realtime_nst.sources.demo import DemoSource, Scene


def test_the_same_scene_every_time():
    one, other = DemoSource(), DemoSource()
    for _ in range(5):
        a, b = one.read(), other.read()
        assert a.time == b.time
        np.testing.assert_array_equal(a.image, b.image)


def test_frames_are_frames_and_their_times_are_the_rate():
    source = DemoSource(fps=30)
    frames = [source.read() for _ in range(31)]
    assert all(f.image.shape == (480, 640, 3) and f.image.dtype == np.uint8 for f in frames)
    assert all(f.image.flags.c_contiguous for f in frames)
    assert frames[30].time == pytest.approx(1.0)


@pytest.mark.parametrize("size", [(120, 160), (270, 480), (481, 333)])
def test_any_size_shows_the_same_scene(size):
    small = DemoSource(size).read().image
    assert small.shape == (*size, 3)
    if size == (120, 160):
        large = cv2.resize(DemoSource().read().image, (160, 120), interpolation=cv2.INTER_AREA)
        assert np.abs(large.astype(int) - small).mean() < 8


def test_something_moves_between_any_two_frames():
    source = DemoSource()
    frames = [source.read().image for _ in range(120)]
    for before, after in zip(frames, frames[1:]):
        assert (np.abs(before.astype(int) - after).max(axis=2) > 30).mean() > 0.001


def test_it_has_edges_and_gradients_and_colours():
    image = DemoSource().read().image
    edges = cv2.Canny(image, 80, 160) > 0
    assert 0.01 < edges.mean() < 0.2
    sky = image[:150, 20:120].astype(float)
    assert np.all(np.diff(sky.mean(axis=(1, 2))[::30]) > 0)
    hue = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[..., 0]
    assert (np.histogram(hue, bins=12, range=(0, 180))[0] > 500).sum() >= 5


@pytest.mark.parametrize("seconds", [3, 500, 100_000])
def test_the_ground_moves_with_its_hill(seconds):
    scene = Scene(480, 640)
    # Fields on the middle hill, which goes 24 pixels a second to the left; a few trees pass before it.
    before, after = (scene.draw(seconds + more)[345:372, 300:620].astype(int) for more in (0, 0.5))
    assert np.median(np.abs(after[:, :-12] - before[:, 12:])) == 0
    assert np.median(np.abs(after - before)) > 1
