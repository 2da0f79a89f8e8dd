"""Transitions from one style to the next."""

import numpy as np
import pytest

from realtime_nst.errors import InputError, StyleError
from realtime_nst.frames import StyleCode
from realtime_nst.media.images import write_image
from realtime_nst.styles.transition import Fade, Timeline, parse_timeline


def code(*values: float) -> StyleCode:
    return np.array(values, np.float32)


A, B, C = code(0, 0), code(10, 0), code(20, 0)


def test_the_first_style_is_shown_at_once_and_the_next_within_the_time():
    fade = Fade(0.5)
    assert fade.towards(None, 0.0) is None
    assert fade.towards(A, 0.1) is A
    assert [float(fade.towards(B, t)[0]) for t in (2.0, 2.125, 2.25)] == [0, 2.5, 5]
    # The style itself at the end, so that repeated frames are recognized as equal.
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


def test_a_timeline_interpolates_between_its_keyframes():
    timeline = Timeline([(10.0, code(1, 0)), (0.0, code(0, 0)), (20.0, code(1, 4))])
    times = (-3, 0, 5, 10, 15, 99)
    assert [timeline.at(t).tolist() for t in times] == [[0, 0], [0, 0], [0.5, 0], [1, 0], [1, 2], [1, 4]]
    assert Timeline().at(1.0) is None


def test_styles_over_time_are_parsed_in_seconds():
    assert [(seconds, style.name) for seconds, style in parse_timeline("0:night, 2.5:ink")] == [
        (0, "night"),
        (2.5, "ink"),
    ]
    for text in ("wave", "a:night", "-1:night", "nan:night", "inf:night", "3:"):
        with pytest.raises(InputError, match="SECONDS:STYLE"):
            parse_timeline(text)


def test_a_moment_has_one_style(tmp_path):
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(StyleError, match="holds 2 pictures"):
        parse_timeline(f"0:{tmp_path}")
