"""Frames made smaller."""

import cv2
import numpy as np
import pytest

from realtime_nst.sources.demo import Scene
from realtime_nst.media.resize import downscale


@pytest.mark.parametrize("have, wanted", [
    ((480, 640), (240, 320)),
    ((720, 1280), (180, 320)),
    ((720, 1280), (156, 280)),
    ((1080, 1920), (88, 160)),
    ((481, 641), (37, 50)),
    ((64, 640), (32, 64)),
])
def test_each_pixel_is_the_mean_of_what_it_takes_the_place_of(have, wanted):
    image = Scene(*have).draw(3.0)
    made = downscale(image, wanted)
    assert made.shape == (*wanted, 3)
    assert np.abs(made.astype(int) - cv2.resize(image, wanted[::-1], interpolation=cv2.INTER_AREA)).mean() < 1


def test_of_its_own_size_it_is_a_copy():
    image = Scene(48, 64).draw(0.0)
    made = downscale(image, (48, 64))
    assert np.array_equal(made, image) and not np.shares_memory(made, image)
