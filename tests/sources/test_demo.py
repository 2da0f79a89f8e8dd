"""The built-in scene: deterministic, moving, with edges and gradients, at any size."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from support.scenes import scene_frames, scene_image

from realtime_nst.sources.demo import DemoSource, Scene
from realtime_nst.sources.scene.sky import DRIFT


def test_the_same_scene_every_time():
    one, other = DemoSource((240, 320)), DemoSource((240, 320))
    for _ in range(5):
        a, b = one.read(), other.read()
        assert a.time == b.time
        np.testing.assert_array_equal(a.image, b.image)


def test_frames_are_frames_and_their_times_are_the_rate():
    source = DemoSource((120, 160), fps=30)
    frames = [source.read() for _ in range(31)]
    assert all(f.image.shape == (120, 160, 3) and f.image.dtype == np.uint8 for f in frames)
    assert all(f.image.flags.c_contiguous for f in frames)
    assert frames[30].time == pytest.approx(1.0)


@pytest.mark.parametrize("size", [(120, 160), (270, 480), (481, 333)])
def test_any_size_shows_the_same_scene(size):
    small = DemoSource(size).read().image
    assert small.shape == (*size, 3)
    if size == (120, 160):
        large = cv2.resize(scene_image(), (160, 120), interpolation=cv2.INTER_AREA)
        # Lines of a pixel may fall on either side of it.
        large, small = (cv2.blur(image, (3, 3)).astype(int) for image in (large, small))
        assert np.abs(large - small).mean() < 7


def test_something_moves_between_any_two_frames():
    frames = [frame.image for frame in scene_frames(120)]
    for before, after in pairwise(frames):
        assert (np.abs(before.astype(int) - after).max(axis=2) > 30).mean() > 0.001


def test_it_has_edges_and_gradients_and_colours():
    image = scene_image()
    edges = cv2.Canny(image, 80, 160) > 0
    assert 0.01 < edges.mean() < 0.2
    # Light changes little by little over skin, cloth and sky.
    gray = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (0, 0), 2).astype(np.float32)
    down, across = np.gradient(gray)
    slope = np.hypot(down, across)
    assert ((slope > 0.2) & (slope < 4)).mean() > 0.5
    hue = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)[..., 0]
    assert (np.histogram(hue, bins=12, range=(0, 180))[0] > 500).sum() >= 5


@pytest.mark.parametrize("seconds", [3, 500, 100_000])
def test_the_clouds_drift(seconds):
    # Twelve pixels to the right, above the person and beside the boughs.
    before, after = (scene_image(time=seconds + more)[5:65, 260:620].astype(int) for more in (0, 12 / (480 * DRIFT)))
    assert np.median(np.abs(after[:, 12:] - before[:, :-12])) == 0
    assert np.median(np.abs(after - before)) > 1


def test_the_person_blinks_and_turns_her_head():
    open_, closed, later = (scene_image(time=seconds).astype(int) for seconds in (1.38, 1.5, 4.5))
    eyes, mouth = (slice(170, 205), slice(325, 420)), (slice(225, 265), slice(340, 405))
    changed = np.abs(closed - open_).max(axis=2) > 50
    assert changed[eyes].mean() > max(0.1, 3 * changed[mouth].mean())
    assert (np.abs(later - open_).max(axis=2) > 50)[mouth].mean() > 0.08


def test_grain_is_added_where_it_is_asked_for():
    clean, grainy = (DemoSource((120, 160), grain=grain).read().image.astype(int) for grain in (0, 6))
    assert 4 < (grainy - clean).std() < 8
    np.testing.assert_array_equal(grainy, DemoSource((120, 160), grain=6).read().image)


@pytest.mark.parametrize("size", [(16, 16), (16, 300), (300, 16)])
def test_small_frames_are_drawn(size):
    assert DemoSource(size).read().image.shape == (*size, 3)


def test_smaller_frames_are_refused():
    with pytest.raises(ValueError, match="at least 16 x 16 pixels, not 15 x 640"):
        Scene(15, 640)
