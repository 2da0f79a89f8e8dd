"""What a session does by itself or with a frame; what its keys do is tested in the window."""

import numpy as np
import pytest

from realtime_nst.frames import Frame

STYLES = [(str(value), lambda value=value: np.full((4, 4, 3), value, np.uint8)) for value in (10, 20, 30)]


def frame(time, value=200):
    return Frame(np.full((48, 64, 3), value, np.uint8), time)


@pytest.fixture
def cycling(plain_session):
    """A session in which the next style comes after two seconds, and its encoder with every style ready."""
    session, encoder = plain_session(STYLES, cycle=2.0)
    for index in (1, 2, 0):
        encoder.request(index)
        while not encoder.ready:
            encoder.code(wait=True)
    return session, encoder


def shown(session, *times):
    """The style that is shown at each of those seconds of the stream."""
    return [int(session.render_params(frame(time)).code[0]) for time in times]


def test_the_next_style_comes_by_itself(cycling):
    session, _ = cycling
    assert shown(session, 0.0, 1.9, 2.0, 3.9, 4.1, 6.0, 6.2) == [10, 10, 20, 20, 30, 30, 10]


def test_one_that_the_user_chose_stays_as_long(cycling):
    session, _ = cycling
    assert shown(session, 0.0, 1.5) == [10, 10]
    session.choose_style(2)
    assert shown(session, 1.6, 2.0, 3.5, 3.7) == [30, 30, 30, 10]


def test_a_frame_is_taken_as_a_style_as_it_came(plain_session, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_PICTURES_DIR", raising=False)
    session, encoder = plain_session(STYLES)
    session.take_style()  # before the first frame there is nothing to take
    assert len(encoder) == 3
    buffer = frame(0.0, value=77)
    session.render_params(buffer)
    session.take_style()
    buffer.image[:] = 0  # a camera may fill it anew
    while not encoder.ready:
        encoder.code()
    assert encoder.name(encoder.current) == "taken 1" and encoder.code()[0] == 77
    assert session.render_params(frame(1.0)).code[0] == 77
