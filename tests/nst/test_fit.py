"""Fitting a style vector: stroke losses on images with a known result, then a descent on a small network."""

from itertools import islice

import cv2
import numpy as np
import pytest
from keras import ops

from realtime_nst.errors import InputError, ModelError
from realtime_nst.nst.fit import FitTarget, fit, quarters, random_square
from realtime_nst.nst.gradients import with_gradient
from realtime_nst.nst.strokes import equalize, luminance, stroke_distance, structure_loss
from realtime_nst.nst.vgg import Vgg

LAYERS = {"block1_conv1": 1.0, "block2_conv1": 2.0}


@pytest.fixture(scope="module")
def vgg():
    """A small network of VGG's kind with random kernels."""
    rng = np.random.default_rng(1)
    weights, maps = {}, 3
    for layer in LAYERS:
        weights[f"{layer}_kernel"] = rng.normal(0, (2 / (9 * maps)) ** 0.5, (3, 3, maps, 8)).astype("float32")
        weights[f"{layer}_bias"] = np.zeros(8, "float32")
        maps = 8
    return Vgg(weights)


@pytest.fixture(scope="module")
def photo():
    rng = np.random.default_rng(4)
    smooth = cv2.GaussianBlur(rng.uniform(0, 255, (96, 128, 3)).astype(np.float32), (0, 0), 8)
    return cv2.normalize(smooth, np.empty_like(smooth), 20, 230, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.fixture(scope="module")
def painting():
    rng = np.random.default_rng(2)
    return np.kron(rng.integers(0, 255, (16, 16, 3)), np.ones((6, 6, 1))).astype(np.uint8)


def colours(frames, vector):
    """A transform of six numbers: gain and offset of each colour."""
    return frames * (1.0 + vector[:3]) + vector[3:]


def smooth_grey(height=96, width=128):
    rng = np.random.default_rng(0)
    grey = cv2.GaussianBlur(rng.uniform(0, 255, (height, width)).astype(np.float32), (0, 0), 3)
    return cv2.normalize(grey, np.empty_like(grey), 20, 200, cv2.NORM_MINMAX)


def test_equalization_is_opencvs():
    grey = smooth_grey().round()
    wanted = cv2.createCLAHE(2.0, (4, 4)).apply(grey.astype(np.uint8)).astype(np.float32)
    found = ops.convert_to_numpy(equalize(ops.convert_to_tensor(np.stack([grey, 0 * grey + 90]))))[0]
    # The curves are smoothed over a few levels.
    assert np.abs(found - wanted).mean() < 2.5
    assert np.abs(grey - wanted).mean() > 8


def test_the_gradient_of_equalization_is_the_slope_of_its_curve():
    grey = smooth_grey(32, 32)

    def centre(image):
        return (equalize(ops.expand_dims(image, 0))[0, 9, 7],)

    run = with_gradient(centre)
    _, gradient = run(grey)
    assert np.count_nonzero(gradient) == 1 and gradient[9, 7] > 0


def test_stroke_distance_does_not_mind_contrast():
    gram = ops.convert_to_tensor(np.float32([[[2.0, 1.0], [1.0, 3.0]]]))
    other = ops.convert_to_tensor(np.float32([[[0.0, 0.0], [0.0, 1.0]]]))
    first = ops.convert_to_tensor(np.float32([[[1.0, 0.0], [0.0, 0.0]]]))
    assert float(stroke_distance(gram, 7.0 * gram)[0]) == pytest.approx(0, abs=1e-6)
    assert float(stroke_distance(first, other)[0]) == pytest.approx(2)


def test_structure_is_kept_under_another_contrast_and_lost_under_other_light(photo):
    frames = photo[np.newaxis].astype(np.float32)

    def loss(made):
        return float(structure_loss(ops.convert_to_tensor(frames), ops.convert_to_tensor(np.float32(made)))[0])

    assert loss(frames) < loss(255 - frames) - 0.5
    assert loss(0.6 * frames + 40) < loss(frames[:, ::-1])
    assert float(luminance(ops.convert_to_tensor(np.float32([[[[255, 0, 0]]]])))[0, 0, 0]) == pytest.approx(29.07)


def test_quarters_are_the_quarters():
    maps = np.arange(2 * 4 * 6 * 3, dtype=np.float32).reshape(2, 4, 6, 3)
    parts = ops.convert_to_numpy(quarters(ops.convert_to_tensor(maps)))
    assert parts.shape == (8, 2, 3, 3)
    assert (parts[0] == maps[0, :2, :3]).all() and (parts[1] == maps[0, :2, 3:]).all()
    assert (parts[6] == maps[1, 2:, :3]).all()


def test_squares_are_of_the_side_asked_for_from_any_picture():
    rng = np.random.default_rng(0)
    for height, width in ((40, 300), (200, 130), (64, 64)):
        assert random_square(np.zeros((height, width, 3), np.uint8), 64, rng).shape == (64, 64, 3)


def target(vgg, photo, painting, **weights):
    return FitTarget(
        vgg, painting, [photo], content_layer="block2_conv1", style_layers=LAYERS, style_side=96, **weights
    )


def test_a_fit_lowers_the_loss_of_the_picture_and_leaves_the_start_alone(vgg, photo, painting):
    start = np.zeros(6, np.float32)
    steps = list(fit(colours, start, target(vgg, photo, painting), steps=60, side=64, rate=3e-2))
    assert [each.step for each in steps] == list(range(1, 61))
    assert np.mean([each.style for each in steps[-10:]]) < 0.8 * np.mean([each.style for each in steps[:5]])
    assert np.mean([each.total for each in steps[-10:]]) < np.mean([each.total for each in steps[:5]])
    assert not start.any() and steps[-1].vector.dtype == np.float32 and steps[-1].vector.any()
    again = list(islice(fit(colours, start, target(vgg, photo, painting), steps=60, side=64, rate=3e-2), 3))
    assert np.allclose(again[2].vector, steps[2].vector, atol=1e-6)


def test_weights_say_what_is_asked_for(vgg, photo, painting):
    """With the content loss alone the picture stays as it is; the start, which does that, is where it ends."""
    alone = target(vgg, photo, painting, beta=0.0, strokes=0.0, structure=0.0)
    *_, last = fit(colours, np.full(6, 0.2, np.float32), alone, steps=80, side=64, rate=2e-2)
    assert last.content < 0.1 and np.abs(last.vector).max() < 0.1


def test_what_cannot_be_fitted_is_refused(vgg, photo, painting):
    start = np.zeros(6, np.float32)
    with pytest.raises(InputError, match="at least one"):
        fit(colours, start, FitTarget(vgg, painting, []))
    with pytest.raises(ModelError, match="block4_conv3"):
        fit(colours, start, FitTarget(vgg, painting, [photo]))
    with pytest.raises(ValueError, match="multiple of 32"):
        fit(colours, start, target(vgg, photo, painting), side=100)


def test_a_fit_by_time_ends_with_its_schedule(vgg, photo, painting):
    start = np.zeros(6, np.float32)
    states = list(fit(colours, start, target(vgg, photo, painting), seconds=0.02, side=64))
    done = [state.done for state in states]
    assert len(states) >= 2 and done[0] == 0 and done[-1] == 1 and done == sorted(done)
    assert [state.done for state in fit(colours, start, target(vgg, photo, painting), steps=4, side=64)] == [
        0.25,
        0.5,
        0.75,
        1.0,
    ]
