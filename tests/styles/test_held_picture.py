"""The picture that somebody holds in front of a camera."""

import cv2
import numpy as np
import pytest
from support.pictures import photo
from support.scenes import scene_image

from realtime_nst.styles.held_picture import held_picture


@pytest.mark.parametrize(
    "corners",
    [
        [[200, 120], [440, 120], [440, 360], [200, 360]],
        [[180, 140], [420, 100], [450, 340], [210, 390]],  # turned
        [[200, 130], [440, 140], [430, 350], [205, 370]],  # seen from the side
    ],
)
def test_a_picture_is_found_however_it_is_held(corners):
    painting = photo(240, 240)
    painting = cv2.copyMakeBorder(painting[8:-8, 8:-8], 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=(245, 245, 245))
    frame = cv2.GaussianBlur(scene_image(), (31, 31), 0)
    target = np.array(corners, np.float32)
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [240, 0], [240, 240], [0, 240]], np.float32), target)
    held = cv2.warpPerspective(painting, matrix, (640, 480))
    mask = cv2.warpPerspective(np.full((240, 240), 255, np.uint8), matrix, (640, 480))
    frame[mask > 0] = held[mask > 0]
    found, whole = held_picture(frame)
    assert whole
    found, painting = (cv2.GaussianBlur(cv2.resize(each, (240, 240)), (15, 15), 0) for each in (found, painting))
    assert np.abs(found.astype(int) - painting).mean() < 13
    assert np.abs(found[::-1].astype(int) - painting).mean() > 30


def test_without_a_picture_it_is_the_box_in_the_middle():
    frame = np.full((100, 200, 3), 90, np.uint8)
    frame[50, 100] = 10
    found, whole = held_picture(frame)
    assert not whole and found.shape == (70, 140, 3)
    assert np.array_equal(found, frame[15:85, 30:170])
    assert not np.shares_memory(found, frame)
