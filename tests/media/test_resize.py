"""Scale frames down fast, into a box, and still images to any size."""

import cv2
import numpy as np
import pytest

from realtime_nst.media.resize import downscale, letterbox, resize


def textured(height: int, width: int) -> np.ndarray:
    """An image with detail at every scale."""
    rng = np.random.default_rng(height * width)
    grids = [rng.integers(0, 64, (height // n + 1, width // n + 1, 3), np.uint8) for n in (1, 4, 16, 64)]
    layers = [cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR) for grid in grids]
    return np.asarray(np.sum(layers, axis=0), np.uint8)


@pytest.mark.parametrize(
    ("size", "requested"),
    [
        ((480, 640), (240, 320)),
        ((720, 1280), (180, 320)),
        ((720, 1280), (156, 280)),
        ((1080, 1920), (88, 160)),
        ((481, 641), (37, 50)),
        ((64, 640), (32, 64)),
    ],
)
def test_each_pixel_is_the_mean_of_the_area_it_replaces(size, requested):
    image = textured(*size)
    scaled = downscale(image, requested)
    assert scaled.shape == (*requested, 3)
    assert np.abs(scaled.astype(int) - cv2.resize(image, requested[::-1], interpolation=cv2.INTER_AREA)).mean() < 1


def test_to_its_own_size_it_is_copied():
    image = textured(48, 64)
    scaled = downscale(image, (48, 64))
    assert np.array_equal(scaled, image) and not np.shares_memory(scaled, image)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_enlarging_is_smooth_and_shrinking_averages(dtype):
    image = textured(48, 64).astype(dtype)
    enlarged = resize(image, (192, 256))
    assert np.array_equal(enlarged, cv2.resize(image, (256, 192), interpolation=cv2.INTER_CUBIC))
    shrunk = resize(image, (24, 32))
    assert np.array_equal(shrunk, cv2.resize(image, (32, 24), interpolation=cv2.INTER_AREA))
    assert enlarged.dtype == shrunk.dtype == dtype


def test_each_axis_has_its_own_filter():
    """A panorama that gets narrower and higher: averaged along, interpolated up."""
    image = textured(48, 64)
    narrow = cv2.resize(image, (16, 48), interpolation=cv2.INTER_AREA)
    assert np.array_equal(resize(image, (96, 16)), cv2.resize(narrow, (16, 96), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize("box", [(480, 640), (480, 900), (800, 600), (97, 61)])
def test_a_letterbox_keeps_the_aspect_ratio_and_fills_one_side(box):
    boxed = letterbox(np.full((48, 64, 3), 255, np.uint8), *box)
    assert boxed.shape == (*box, 3)
    rows, columns = np.flatnonzero(boxed.max(axis=(1, 2))), np.flatnonzero(boxed.max(axis=(0, 2)))
    assert len(rows) == box[0] or len(columns) == box[1]
    assert len(columns) / len(rows) == pytest.approx(4 / 3, rel=0.03)


def test_a_letterbox_is_a_new_image():
    image = np.zeros((48, 64, 3), np.uint8)
    letterbox(image, 48, 64)[:] = 255
    assert image.max() == 0
