"""The line between original and stylized frames."""

import numpy as np
from support.doubles import Kept, Numbered

from realtime_nst.frames import Frame, RenderParams
from realtime_nst.pipeline import run
from realtime_nst.sinks.split_view import SplitView
from realtime_nst.stylizer import Stylizer
from realtime_nst.testing import FakeNetwork

BLACK, GREY = (np.full((4, 100, 3), value, np.uint8) for value in (0, 128))


def through(place, frame):
    kept = Kept()
    SplitView(kept, lambda: place).write(frame)
    return kept.frames[0].image


def test_the_original_is_left_of_the_line_and_the_rest_right_of_it():
    image = through(0.25, Frame(GREY, 0.0, BLACK))
    assert [int(image[0, x, 0]) for x in (0, 23, 24, 25, 26, 99)] == [0, 0, 255, 255, 128, 128]
    assert (GREY == 128).all() and (BLACK == 0).all()


def test_the_line_may_be_at_the_edges():
    assert through(0.0, Frame(GREY, 0.0, BLACK))[0, 1:].min() == 128
    assert through(1.0, Frame(GREY, 0.0, BLACK))[0, :99].max() == 0


def test_without_a_line_or_an_original_the_frame_is_passed_on():
    assert through(None, Frame(GREY, 0.0, BLACK)) is GREY
    assert through(0.5, Frame(GREY, 0.0)) is GREY


def test_a_run_gives_each_frame_its_original_mirrored():
    """Frames are numbered by their value; one half of each is made brighter, so that a mirrored one is seen."""

    class Halves(Numbered):
        def read(self):
            frame = super().read()
            if frame is not None:
                frame.image[:, :32] += 100
            return frame

    kept = Kept()
    stylizer = Stylizer(FakeNetwork())
    code = stylizer.encode(BLACK)
    run(Halves(5), stylizer, [kept], lambda frame: RenderParams(code, mirror=True), live=False, deflicker=False)
    corners = [(int(frame.original[0, 0, 0]), int(frame.original[0, -1, 0])) for frame in kept.frames]
    assert corners == [(0, 100), (1, 101), (2, 102), (3, 103), (4, 104)]
