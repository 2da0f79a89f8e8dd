"""From one style to the next."""

import numpy as np

from realtime_nst.styles.transition import Fade

A, B, C = (np.float32([value, 0]) for value in (0, 10, 20))


def test_the_first_style_is_shown_at_once_and_the_next_within_the_time():
    fade = Fade(0.5)
    assert fade.towards(None, 0.0) is None
    assert fade.towards(A, 0.1) is A
    assert [float(fade.towards(B, t)[0]) for t in (2.0, 2.125, 2.25)] == [0, 2.5, 5]
    # The style itself at the end, so that frames that repeat are known to look the same.
    assert fade.towards(B, 2.5) is B and fade.towards(B, 9.0) is B


def test_a_style_wanted_meanwhile_starts_from_what_is_shown():
    fade = Fade(0.5)
    fade.towards(A, 0.0)
    fade.towards(B, 1.0)
    assert fade.towards(B, 1.25)[0] == 5
    assert fade.towards(C, 1.25)[0] == 5
    assert fade.towards(C, 1.5)[0] == 12.5


def test_no_time_is_a_jump():
    fade = Fade(0.0)
    fade.towards(A, 0.0)
    assert fade.towards(B, 0.0) is B
