"""Frames made smaller."""

import cv2
import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.media.resize import downscale, letterbox, resize


@pytest.mark.parametrize(
    ("have", "wanted"),
    [
        ((480, 640), (240, 320)),
        ((720, 1280), (180, 320)),
        ((720, 1280), (156, 280)),
        ((1080, 1920), (88, 160)),
        ((481, 641), (37, 50)),
        ((64, 640), (32, 64)),
    ],
)
def test_each_pixel_is_the_mean_of_what_it_takes_the_place_of(have, wanted):
    grain = np.random.default_rng(0).normal(0, 6, (*have, 3))
    image = cv2.add(cv2.resize(scene_image(), have[::-1]), grain, dtype=cv2.CV_8U)
    made = downscale(image, wanted)
    assert made.shape == (*wanted, 3)
    assert np.abs(made.astype(int) - cv2.resize(image, wanted[::-1], interpolation=cv2.INTER_AREA)).mean() < 1


def test_of_its_own_size_it_is_a_copy():
    image = scene_image((48, 64))
    made = downscale(image, (48, 64))
    assert np.array_equal(made, image) and not np.shares_memory(made, image)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_enlarging_is_smooth_and_shrinking_averages(dtype):
    image = scene_image((48, 64)).astype(dtype)
    enlarged = resize(image, (192, 256))
    assert np.array_equal(enlarged, cv2.resize(image, (256, 192), interpolation=cv2.INTER_CUBIC))
    shrunk = resize(image, (24, 32))
    assert np.array_equal(shrunk, cv2.resize(image, (32, 24), interpolation=cv2.INTER_AREA))
    assert enlarged.dtype == shrunk.dtype == dtype


def test_each_axis_has_its_own_filter():
    """A panorama that gets narrower and higher: averaged along, interpolated up."""
    image = scene_image((48, 64))
    narrow = cv2.resize(image, (16, 48), interpolation=cv2.INTER_AREA)
    assert np.array_equal(resize(image, (96, 16)), cv2.resize(narrow, (16, 96), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize("room", [(480, 640), (480, 900), (800, 600), (97, 61)])
def test_fitting_keeps_the_shape_and_fills_one_side(room):
    shown = letterbox(np.full((48, 64, 3), 255, np.uint8), *room)
    assert shown.shape == (*room, 3)
    rows, columns = np.flatnonzero(shown.max(axis=(1, 2))), np.flatnonzero(shown.max(axis=(0, 2)))
    assert len(rows) == room[0] or len(columns) == room[1]
    assert len(columns) / len(rows) == pytest.approx(4 / 3, rel=0.03)


def test_the_frame_itself_is_not_drawn_on():
    image = np.zeros((48, 64, 3), np.uint8)
    letterbox(image, 48, 64)[:] = 255
    assert image.max() == 0
