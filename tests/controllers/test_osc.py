"""OSC: real packets over UDP, sent by python-osc's client, to a real session."""

import builtins
import random
import socket
import time
from typing import Any

import numpy as np
import pytest

from realtime_nst.controllers.osc import Osc
from realtime_nst.errors import DeviceError
from realtime_nst.keys import DIALS, KEYS, Keyboard

udp_client = pytest.importorskip("pythonosc.udp_client", reason="needs pip install 'realtime-nst[osc]'")
from pythonosc.osc_bundle_builder import OscBundleBuilder  # noqa: E402
from pythonosc.osc_message_builder import OscMessageBuilder  # noqa: E402

STYLES = [(name, lambda: np.zeros((4, 4, 3), np.uint8)) for name in ("red", "green", "2020")]


@pytest.fixture
def osc(plain_session):
    session, encoder = plain_session(STYLES)
    osc: Any
    with Osc("127.0.0.1", 0) as osc:
        osc.session, osc.encoder = session, encoder
        osc.said = []
        osc.connect(Keyboard(session), osc.said.append)
        osc.client = udp_client.SimpleUDPClient("127.0.0.1", osc.port)
        yield osc


def until(osc, wish):
    deadline = time.monotonic() + 10
    while not wish():
        assert time.monotonic() < deadline, osc.said
        osc.poll()
        time.sleep(0.005)


def settle(osc):
    """Wait until everything that was sent has been done: packets of one socket arrive in order, if they arrive."""
    said, marker = len(osc.said), f"/marker-{time.monotonic_ns()}"
    deadline = time.monotonic() + 10
    while not any(marker in line for line in osc.said[said:]):
        assert time.monotonic() < deadline, osc.said
        osc.client.send_message(marker, 1)
        osc.poll()
        time.sleep(0.01)
    osc.said[said:] = [line for line in osc.said[said:] if "marker" not in line]


@pytest.mark.parametrize(("sent", "strength"), [(0.25, 0.25), (0, 0.0), (1, 1.0), (7.5, 1.0), (-3, 0.0), (True, 1.0)])
def test_a_value_is_set_and_limited(osc, sent, strength):
    osc.session.set_strength(0.5)
    osc.client.send_message("/strength", sent)
    settle(osc)
    assert osc.session.params.strength == pytest.approx(strength)


@pytest.mark.parametrize("sent", [[], "much", float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused_once(osc, sent):
    for _ in range(3):
        osc.client.send_message("/strength", sent)
    settle(osc)
    assert osc.session.params.strength == 1.0
    assert osc.said == ["OSC /strength: it needs a number from 0 to 1"]


@pytest.mark.parametrize(("sent", "index"), [("green", 1), (2, 1), (3.0, 2), ("3", 2), ("2020", 2), ("red", 0)])
def test_a_style_is_chosen_by_name_or_number(osc, sent, index):
    osc.encoder.request(1 - min(index, 1))
    osc.client.send_message("/style", sent)
    settle(osc)
    assert osc.encoder.requested == index


@pytest.mark.parametrize("sent", ["grey", 0, 4, -1])
def test_a_style_that_there_is_not_is_named_with_those_that_there_are(osc, sent):
    osc.client.send_message("/style", sent)
    settle(osc)
    assert len(osc.said) == 1 and "1 to 3: red, green, 2020" in osc.said[0]


def test_a_button_runs_its_command_when_pressed_and_not_when_released(osc):
    for sent in ([], 1.0, 0.0, 1, 0):
        osc.client.send_message("/toggle-mirror", sent)
    settle(osc)
    assert osc.session.params.mirror is True  # three presses


def test_a_held_button_shows_the_original(osc):
    osc.client.send_message("/original", 1.0)
    settle(osc)
    assert osc.session.original is True
    osc.client.send_message("/original", 0.0)
    settle(osc)
    assert osc.session.original is False


def test_a_bundle_for_a_later_time_is_done_at_once(osc):
    bundle = OscBundleBuilder(time.time() + 3600)
    message = OscMessageBuilder("/strength")
    message.add_arg(0.75)
    bundle.add_content(message.build())
    osc.client.send(bundle.build())
    settle(osc)
    assert osc.session.params.strength == 0.75


def test_an_unknown_address_is_named_once(osc):
    for _ in range(5):
        osc.client.send_message("/volume", 1)
    settle(osc)
    assert osc.said == ["OSC /volume: there is no such address; the page Controllers of the documentation lists them"]


def test_what_is_no_osc_is_passed_over(osc):
    dice = random.Random(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        whole = OscMessageBuilder("/strength")
        whole.add_arg(0.5)
        for _ in range(300):
            packet = bytearray(whole.build().dgram)
            for _ in range(dice.randrange(1, 5)):
                packet[dice.randrange(len(packet))] = dice.randrange(256)
            sender.sendto(bytes(packet[: dice.randrange(len(packet) + 1)]), ("127.0.0.1", osc.port))
    settle(osc)
    osc.client.send_message("/mirror", 1)
    settle(osc)
    assert osc.session.params.mirror


def test_a_thousand_random_events_leave_a_session_that_works(osc, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(osc.session, "toggle_recording", lambda: None)
    dice = random.Random(1)
    commands = [key.command for key in KEYS if key.command and key.command not in ("snapshot", "take-style", "quit")]
    values = [0, 1, 0.5, -1, "green", "x", float("nan"), True, None, b"blob", [1, 2]]
    for _ in range(1000):
        address = dice.choice([*commands, *(dial.name for dial in DIALS), "style", "nothing"])
        osc.client.send_message(f"/{address}", dice.choice(values))
        osc.poll()
    settle(osc)
    osc.client.send_message("/strength", 0.25)
    settle(osc)
    assert osc.session.params.strength == 0.25


def test_what_arrives_while_the_model_loads_is_done_later(plain_session):
    session, _ = plain_session(STYLES)
    osc: Any
    with Osc("127.0.0.1", 0) as osc:
        osc.said = []
        udp_client.SimpleUDPClient("127.0.0.1", osc.port).send_message("/strength", 0.5)
        osc.poll()
        osc.connect(Keyboard(session), osc.said.append)
        until(osc, lambda: session.params.strength == 0.5)


def test_a_used_port_is_an_error_that_names_it():
    with Osc("127.0.0.1", 0) as osc:
        with pytest.raises(DeviceError, match=rf"--osc cannot listen at 127.0.0.1:{osc.port}: .*in use.*--osc \d+"):
            Osc("127.0.0.1", osc.port)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__
    monkeypatch.setattr(
        builtins,
        "__import__",
        lambda name, *more: (_ for _ in ()).throw(ImportError(name)) if "pythonosc" in name else real(name, *more),
    )
    with pytest.raises(DeviceError, match=r"--osc needs python-osc: pip install 'realtime-nst\[osc\]'"):
        Osc("127.0.0.1", 0)
