"""What is drawn over the video follows the state of the session."""

import time

import numpy as np
import pytest
from support.doubles import MeanColour

from realtime_nst.errors import StyleError
from realtime_nst.frames import Frame
from realtime_nst.live.adaptive_stylizer import AdaptiveStylizer
from realtime_nst.live.hud import Hud
from realtime_nst.live.panel import Panel
from realtime_nst.sinks.recorder import Recorder

TOP_LEFT, MIDDLE, BOTTOM = np.s_[:40, :380], np.s_[120:360, 160:480], np.s_[-40:]


def unreadable():
    raise StyleError("torn.jpg is not an image")


@pytest.fixture
def session(plain_session):
    session, encoder = plain_session([("a", lambda: np.zeros((4, 4, 3), np.uint8)), ("torn", unreadable)])
    encoder.code(wait=True)
    session.encoder = encoder
    return session


@pytest.fixture
def drawn(session):
    """Draw over a grey image; return the parts that were drawn on."""
    recorder = Recorder(30.0, live=True, must_succeed=False)
    hud = Hud(session, session.encoder, recorder, AdaptiveStylizer(MeanColour(), None), titles={"a": "Lilies at noon"})

    def draw():
        canvas = np.full((480, 640, 3), 128, np.uint8)
        hud.draw(canvas)
        return {
            name
            for name, part in (("status", TOP_LEFT), ("help", MIDDLE), ("message", BOTTOM))
            if (canvas[part] != 128).mean() > 0.3
        }

    return draw


def test_status_help_and_message_are_drawn_when_they_are_wanted(session, drawn):
    assert drawn() == {"status"}
    session.toggle_overlay()
    assert drawn() == {"status"}
    session.toggle_overlay()
    assert drawn() == set()
    session.toggle_help()
    assert "help" in drawn()
    session.toggle_help()
    session.report("a message of some length that is drawn at the bottom of the video")
    assert drawn() == {"message"}


def test_the_small_overlay_is_one_line_with_the_style_s_title(session, monkeypatch):
    lines = []
    monkeypatch.setattr(Panel, "draw", lambda panel, canvas, rows, color=None: lines.extend(row[0] for row in rows))
    recorder = Recorder(30.0, live=True, must_succeed=False)
    hud = Hud(session, session.encoder, recorder, AdaptiveStylizer(MeanColour(), None), titles={"a": "Lilies at noon"})
    hud.draw(np.zeros((480, 640, 3), np.uint8))
    assert lines == ["Lilies at noon, 0.0 fps, h: help"]
    lines.clear()
    session.toggle_overlay()
    hud.draw(np.zeros((480, 640, 3), np.uint8))
    assert lines[0] == "1/2 Lilies at noon, strength 100%" and "NumPy" in lines[2] and lines[-1] == "h: help"


def test_the_countdown_of_a_captured_style_draws_its_box(session, drawn):
    session.render_params(Frame(np.zeros((480, 640, 3), np.uint8), 1.0))
    before = np.full((480, 640, 3), 128, np.uint8)
    session.take_style()
    recorder = Recorder(30.0, live=True, must_succeed=False)
    Hud(session, session.encoder, recorder, AdaptiveStylizer(MeanColour(), None)).draw(before)
    assert (before[240, 96] == 255).all() and (before[240, 544] == 255).all()  # 70 % of the frame's width


def test_an_unreadable_style_is_reported_and_not_kept_preparing(session, drawn):
    """It was chosen by its number, twice: the second time its error is known already."""
    encoder = session.encoder
    for _ in range(2):
        session.choose_style(1)
        deadline = time.monotonic() + 10
        while encoder.requested != 0:
            assert time.monotonic() < deadline, "it stays in preparation"
        session.poll()
        assert session.message == "torn.jpg is not an image"
        session.render_params(Frame(np.zeros((4, 4, 3), np.uint8), 0.0))
        assert encoder.ready


def test_while_the_camera_is_away_the_frame_is_dimmed_below_a_notice(plain_session):
    class Camera:
        waiting, messages = "camera 0 was unplugged: waiting for it (55 s left)", ["camera 0 was unplugged"]

    session, encoder = plain_session([("a", lambda: np.zeros((4, 4, 3), np.uint8))], camera=Camera())
    recorder = Recorder(30.0, live=True, must_succeed=False)
    hud = Hud(session, encoder, recorder, AdaptiveStylizer(MeanColour(), None))
    session.toggle_overlay()
    session.toggle_overlay()
    session.poll()
    assert session.message == "camera 0 was unplugged" and Camera.messages == []
    assert session.state()["message"] == Camera.waiting
    canvas = np.full((480, 640, 3), 128, np.uint8)
    hud.draw(canvas)
    assert canvas[20, 20].tolist() == [45, 45, 45]
    assert (canvas[MIDDLE] > 200).any(), "letters"
    Camera.waiting = ""
    canvas = np.full((480, 640, 3), 128, np.uint8)
    hud.draw(canvas)
    assert canvas[20, 20].tolist() == [128, 128, 128]


def test_the_stroke_size_is_shown_and_what_the_frame_rate_makes_of_it(session):
    stylizer = AdaptiveStylizer(MeanColour(), 30.0, processing_size=448)
    hud = Hud(session, session.encoder, Recorder(30.0, live=True, must_succeed=False), stylizer)
    session.toggle_overlay()
    assert "stroke size 448 px" in hud._status_lines()
    stylizer.processing_size = 320
    hud._statistics = (0.0, [])
    assert "stroke size 448 px, 320 to hold the frame rate" in hud._status_lines()


def test_a_fit_shows_how_far_it_is(session):
    recorder = Recorder(30.0, live=True, must_succeed=False)
    hud = Hud(session, session.encoder, recorder, AdaptiveStylizer(MeanColour(), None))
    session._refiner._state = ("night", 0.35)
    assert "improving night: 35%" in hud._status_lines()
    assert session.state()["fitting"] == ("night", 0.35)
