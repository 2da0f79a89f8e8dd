"""Movement for the temporal loss, against OpenCV's own."""

import cv2
import numpy as np
import pytest

from realtime_nst.training.motion import inside, random_flow, warp


@pytest.fixture(scope="module")
def flow():
    return random_flow(3, 48, np.random.default_rng(1))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(2).random((3, 48, 48, 3), np.float32)


def test_a_tensor_is_moved_as_opencv_moves_it(flow, images):
    wanted = np.stack(
        [
            cv2.remap(image, one[..., 0], one[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
            for image, one in zip(images, flow)
        ]
    )
    assert np.abs(np.asarray(warp(images, flow)) - wanted).max() < 1e-3
    assert 0.5 < inside(flow).mean() < 1


def test_no_movement_changes_nothing(images):
    still = np.stack(np.meshgrid(*[np.arange(48, dtype=np.float32)] * 2), axis=-1)[np.newaxis].repeat(3, axis=0)
    assert np.allclose(warp(images, still), images, atol=1e-6)
    assert inside(still).all()


def test_the_gradient_reaches_the_pictures(flow, images):
    """The sum of what was moved changes by each pixel's share in it: against finite differences."""
    from keras import ops

    from realtime_nst.nst.gradients import with_gradient

    weights = np.random.default_rng(3).random(images.shape, np.float32)
    values = with_gradient(lambda x: (ops.sum(warp(x, flow) * weights),))
    _, gradient = values(images)
    for place in [(0, 20, 20, 1), (1, 5, 40, 0), (2, 30, 7, 2)]:
        up, down = images.copy(), images.copy()
        up[place] += 0.5
        down[place] -= 0.5
        slope = float(np.sum((np.asarray(warp(up, flow)) - np.asarray(warp(down, flow))) * weights))
        assert slope == pytest.approx(gradient[place], abs=1e-3)
