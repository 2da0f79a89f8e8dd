"""Text panels are readable on any video and stay inside the image."""

import numpy as np
import pytest

from realtime_nst.live.panel import Panel


@pytest.mark.parametrize("brightness", [0, 128, 255])
def test_letters_stand_out_from_any_video(brightness):
    canvas = np.full((480, 640, 3), brightness, np.uint8)
    Panel((0, 0)).draw(canvas, [["style, strength 100%"]])
    box = canvas[4:28, 4:160]
    assert box.max() > 240
    assert np.median(box) < 110


def test_a_panel_larger_than_the_image_is_cut():
    canvas = np.full((20, 30, 3), 200, np.uint8)
    Panel((0.5, 0.5)).draw(canvas, [["words that are far too long for this"]] * 5)
    assert canvas.shape == (20, 30, 3)
    assert canvas.mean() < 150


def test_many_rows_fit_the_height():
    canvas = np.full((480, 640, 3), 200, np.uint8)
    Panel((0.5, 0.5)).draw(canvas, [["one of many rows"]] * 30)
    column = canvas[:, 320, 0] != 200
    assert 0.9 < column.mean() < 1.0


def test_no_rows_draw_nothing():
    canvas = np.full((48, 64, 3), 200, np.uint8)
    Panel((0, 0)).draw(canvas, [])
    assert (canvas == 200).all()


def test_changed_rows_are_rendered_again():
    panel = Panel((0, 0))
    canvases = [np.zeros((480, 640, 3), np.uint8) for _ in range(3)]
    for canvas, text in zip(canvases, ("one", "one", "two")):
        panel.draw(canvas, [[text]])
    assert np.array_equal(canvases[0], canvases[1])
    assert not np.array_equal(canvases[1], canvases[2])
