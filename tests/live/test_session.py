"""The session: its controls, the automatic change of style and captured styles. Windows are tested elsewhere."""

import threading

import numpy as np
import pytest

from realtime_nst.frames import Frame
from realtime_nst.keys import KEYS, Keyboard

STYLES = [(str(value), lambda value=value: np.full((4, 4, 3), value, np.uint8)) for value in (10, 20, 30)]


def frame(time, value=200):
    return Frame(np.full((48, 64, 3), value, np.uint8), time)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder of its own, for snapshots and recordings."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_PICTURES_DIR", "XDG_VIDEOS_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cycling(plain_session):
    """A session that shows the next style every two seconds, with every style encoded."""
    session, encoder = plain_session(STYLES, cycle=2.0)
    for index in (1, 2, 0):
        encoder.request(index)
        while not encoder.ready:
            encoder.code(wait=True)
    return session


def styles_at(session, *times):
    """The value of the style in use at each of those seconds of the stream."""
    return [int(session.render_params(frame(time)).code[0]) for time in times]


def test_the_next_style_is_shown_automatically(cycling):
    assert styles_at(cycling, 0.0, 1.9, 2.0, 3.9, 4.1, 6.0, 6.2) == [10, 10, 20, 20, 30, 30, 10]


def test_a_style_that_the_user_chose_stays_as_long(cycling):
    assert styles_at(cycling, 0.0, 1.5) == [10, 10]
    cycling.choose_style(2)
    assert styles_at(cycling, 1.6, 2.0, 3.5, 3.7) == [30, 30, 30, 10]


def test_a_captured_style_is_the_frame_as_it_came(plain_session, home):
    session, encoder = plain_session(STYLES)
    session.take_style()  # Before the first frame there is nothing to capture.
    assert len(encoder) == 3
    session.render_params(frame(0.0))
    session.take_style()
    session.render_params(frame(2.9, value=99))
    assert len(encoder) == 3 and session.countdown == pytest.approx(0.1)
    buffer = frame(3.0, value=77)
    session.render_params(buffer)
    assert session.countdown is None
    buffer.image[:] = 0  # A camera may reuse its buffer.
    while not encoder.ready:
        encoder.code()
    assert encoder.name(encoder.current) == "captured 1"
    assert encoder.code()[0] == 77
    assert session.render_params(frame(4.0)).code[0] == 77


def test_a_captured_style_is_called_off_by_its_key(plain_session, home):
    session, encoder = plain_session(STYLES)
    session.render_params(frame(0.0))
    session.take_style()
    session.take_style()
    session.render_params(frame(9.0))
    assert len(encoder) == 3 and session.message == "no style is taken"


def test_escape_leaves_full_screen_first(plain_session):
    stop = threading.Event()
    session, _ = plain_session(STYLES, stop=stop)
    session.toggle_fullscreen()
    Keyboard(session).press("esc")
    assert not session.fullscreen and not stop.is_set()
    Keyboard(session).press("esc")
    assert stop.is_set()


@pytest.mark.parametrize("name", [name for key in KEYS for name in key.keys])
def test_every_key_of_the_table_works(plain_session, home, name):
    """A key needs a row in keys.py and, for a new action, a method here."""
    stop = threading.Event()
    session, _ = plain_session(STYLES, stop=stop)
    session.render_params(frame(0.0))
    before = session.state(), session.overlay, session.help, session.fullscreen, stop.is_set()
    session.write(frame(0.0))
    assert Keyboard(session).press(name)
    session.close()
    after = session.state(), session.overlay, session.help, session.fullscreen, stop.is_set()
    assert after != before or name in "1]klv" or list(home.glob("Pictures/*.png"))


def test_the_strength_follows_smoothly_and_arrives(plain_session):
    session, _ = plain_session(STYLES)
    session.render_params(frame(0.0))
    session.set_strength(0.5)
    strengths = [session.render_params(frame(0.04 * k)).strength for k in range(1, 31)]
    assert 0.8 < strengths[0] < 0.9  # a third of a time constant: 1 - 0.5 * (1 - exp(-1/3)) = 0.858
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] == 0.5


def test_two_styles_are_mixed_by_a_share_that_follows_smoothly(plain_session):
    session, encoder = plain_session(STYLES)
    session.render_params(frame(0.0))
    session.set_mix(0.5)  # Without a second style, it is the next one.
    assert (encoder.second, session.state()["second"], session.state()["mix"]) == (1, 1, 0.5)
    while encoder.second_code() is None:
        encoder.code()
    mixed = [float(session.render_params(frame(0.04 * k)).code[0]) for k in range(1, 41)]
    assert mixed == sorted(mixed) and 10 < mixed[0] < 13 and mixed[-1] == 15
    session.step_second_style()
    while encoder.second_code() is None:
        encoder.code()
    assert session.render_params(frame(2.0)).code[0] == 20  # half of 10, half of 30
    session.change_mix(0.3)
    assert session.mix == 0.8


def test_the_line_moves_only_while_it_is_there(plain_session):
    session, _ = plain_session(STYLES)
    session.drag_split(0.2)
    assert session.split is None
    session.toggle_split()
    assert session.split == 0.5
    session.drag_split(0.2)
    session.toggle_split()
    assert session.split is None
    session.toggle_split()
    assert session.split == 0.2  # where it was left


def test_a_preset_holds_what_finds_the_styles_again(plain_session, home):
    session, encoder = plain_session(STYLES)
    session._references = ["a", "/home/b.jpg", "c"]
    session.choose_style(1)
    session.set_mix(0.4)
    assert session.look() == {
        "style": "/home/b.jpg", "strength": 1.0, "mix": "c:0.4", "keep-colors": False, "mirror": False,
    }  # fmt: skip
    encoder.request(encoder.add("captured 1", STYLES[0][1]))
    assert "style" not in session.look()


def test_the_original_keeps_every_other_parameter(plain_session):
    session, _ = plain_session(STYLES)
    session.toggle_mirror()
    session.toggle_original()
    params = session.render_params(frame(0.0))
    assert (params.strength, params.mirror) == (0.0, True)
    session.toggle_original()
    assert session.render_params(frame(0.1)).strength == 1.0


def test_a_still_picture_is_rendered_again_at_another_stroke_size(plain_session):
    session, _ = plain_session(STYLES)
    first = session.render_params(frame(0.0))
    assert first.renders_same(session.render_params(frame(0.1)))
    session.change_stroke_size(1)
    while session.state()["processing_size"] == 384:
        pass
    assert not first.renders_same(session.render_params(frame(0.2)))


def test_plus_makes_larger_strokes_until_they_are_as_large_as_they_can_be(plain_session):
    session, _ = plain_session(STYLES)
    sizes = [session.state()["stroke_size"]]
    for _ in range(7):
        Keyboard(session).press("+")
        sizes.append(session.state()["stroke_size"])
    assert sizes == [384, 320, 256, 224, 192, 160, 128, 128]
    assert session.message == "strokes are as large as they can be"
    Keyboard(session).press("-")
    assert session.state()["stroke_size"] == 160
    session.set_stroke_size(200)
    Keyboard(session).press("-")
    assert session.state()["stroke_size"] == 224
