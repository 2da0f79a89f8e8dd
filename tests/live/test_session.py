"""What a session does by itself or with a frame; what its keys do is tested in the window."""

import numpy as np
import pytest

from realtime_nst.frames import Frame

STYLES = [(str(value), lambda value=value: np.full((4, 4, 3), value, np.uint8)) for value in (10, 20, 30)]


def frame(time, value=200):
    return Frame(np.full((48, 64, 3), value, np.uint8), time)


@pytest.fixture
def cycling(plain_session):
    """A session in which the next style comes after two seconds, and its book with every style ready."""
    session, book = plain_session(STYLES, cycle=2.0)
    for index in (1, 2, 0):
        book.want(index)
        while not book.ready:
            book.code(wait=True)
    return session, book


def shown(session, *times):
    """The style that is shown at each of those seconds of the stream."""
    return [int(session.look(frame(time)).code[0]) for time in times]


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
    session, book = plain_session(STYLES)
    session.take_style()  # before the first frame there is nothing to take
    assert len(book) == 3
    buffer = frame(0.0, value=77)
    session.look(buffer)
    session.take_style()
    buffer.image[:] = 0  # a camera may fill it anew
    while not book.ready:
        book.code()
    assert book.name(book.shown) == "taken 1" and book.code()[0] == 77
    assert session.look(frame(1.0)).code[0] == 77
