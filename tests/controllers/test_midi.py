"""MIDI: messages through a backend of mido's own interface, because a build machine has no MIDI."""

import builtins
from typing import Any

import numpy as np
import pytest

mido = pytest.importorskip("mido", reason="needs pip install 'realtime-nst[midi]'")
from support import midi_backend  # noqa: E402

from realtime_nst.controllers.midi import Midi  # noqa: E402
from realtime_nst.errors import DeviceError, OutputError  # noqa: E402
from realtime_nst.keys import KEYS, Keyboard  # noqa: E402

STYLES = [(name, lambda: np.zeros((4, 4, 3), np.uint8)) for name in ("red", "green", "blue")]


@pytest.fixture(autouse=True)
def backend(monkeypatch):
    monkeypatch.setattr(mido, "open_input", mido.Backend("support.midi_backend").open_input)
    monkeypatch.setattr(mido, "get_input_names", mido.Backend("support.midi_backend").get_input_names)


@pytest.fixture
def start(plain_session):
    """Open the controller with bindings; it keeps new ones in `kept`."""
    session, encoder = plain_session(STYLES)

    def make(**bindings):
        midi: Any = Midi("desk", {name.replace("_", " "): target for name, target in bindings.items()}, kept.update)
        midi.session, midi.encoder, midi.said = session, encoder, []
        midi.keyboard = Keyboard(session)
        midi.connect(midi.keyboard, midi.said.append)
        opened.append(midi)
        return midi

    kept, opened = {}, []
    start: Any = make
    start.kept = kept
    yield start
    for midi in opened:
        midi.close()


def cc(value, control=21, channel=0):
    return mido.Message("control_change", channel=channel, control=control, value=value)


def note(velocity, number=36, channel=9):
    return mido.Message("note_on", channel=channel, note=number, velocity=velocity)


def send(midi, *messages):
    midi_backend.feed(*messages)
    midi.poll()


def test_a_knob_sets_the_whole_range_of_a_value(start):
    midi = start(cc_1_21="strength")
    for value, strength in ((0, 0.0), (127, 1.0), (64, 64 / 127)):
        send(midi, cc(value))
        assert midi.session.params.strength == strength
    send(midi, cc(0, control=22), cc(0, channel=1))
    assert midi.session.params.strength == 64 / 127


def test_pitch_bend_is_a_value_too(start):
    midi = start(pitch_3="strength")
    send(midi, mido.Message("pitchwheel", channel=2, pitch=-8192))
    assert midi.session.params.strength == 0.0
    send(midi, mido.Message("pitchwheel", channel=2, pitch=8191))
    assert midi.session.params.strength == 1.0


def test_a_pad_runs_a_command_once_a_press(start):
    midi = start(note_10_36="toggle-mirror")
    send(midi, note(100))
    assert midi.session.params.mirror
    send(midi, note(0), note(1), mido.Message("note_off", channel=9, note=36), note(90))
    assert midi.session.params.mirror  # two more presses


def test_a_knob_on_its_way_up_is_one_press(start):
    midi = start(cc_1_21="next-style")
    send(midi, *(cc(value) for value in range(128)))
    assert midi.encoder.requested == 1
    send(midi, cc(0), cc(127))
    assert midi.encoder.requested == 2


def test_a_pad_that_is_held_shows_the_original(start):
    midi = start(note_10_36="original")
    send(midi, note(127))
    assert midi.session.original
    send(midi, note(0))
    assert not midi.session.original


def test_a_program_change_chooses_a_style_each_time(start):
    midi = start(program_1_3="style blue", program_1_4="style 2")
    for number, index in ((3, 2), (4, 1), (3, 2)):
        send(midi, mido.Message("program_change", program=number))
        assert midi.encoder.requested == index


def test_a_clock_changes_nothing(start):
    midi = start()
    send(midi, mido.Message("clock"), mido.Message("sysex", data=[1, 2]))
    assert midi.said == []


@pytest.mark.parametrize(
    ("moved", "pressed", "binding"),
    [
        (cc(5), "]", ("cc 1 21", "strength")),
        (cc(5), "n", ("cc 1 21", "next-style")),
        (note(5), "]", ("note 10 36", "more-style")),
        (note(5), "2", ("note 10 36", "style 2")),
    ],
)
def test_what_is_moved_is_bound_to_the_key_that_is_pressed_next(start, moved, pressed, binding):
    midi = start()
    midi.keyboard.press("l")
    send(midi, moved)
    before = midi.session.state(), midi.encoder.requested
    midi.keyboard.press(pressed)
    assert (midi.session.state(), midi.encoder.requested) == before  # The key is bound, not pressed.
    assert start.kept == dict([binding])
    control, target = binding
    assert midi.said[0] == "MIDI: move a knob or press a pad, or l again to stop"
    assert midi.said[1].startswith(f"{control}: now press the key")
    assert midi.said[2].startswith(f"{control} is now {target}, kept in")
    midi.keyboard.press("m")
    assert midi.session.params.mirror  # Learning has ended.


def test_a_binding_works_at_once_and_again_in_the_next_run(start):
    midi = start()
    midi.keyboard.press("l")
    send(midi, cc(5))
    midi.keyboard.press("[")
    send(midi, cc(127), cc(0))
    assert midi.session.params.strength == 0.0
    again = start(**{name.replace(" ", "_"): target for name, target in start.kept.items()})
    send(again, cc(127))
    assert again.session.params.strength == 1.0


def test_learning_stops_with_the_same_key(start):
    midi = start()
    midi.keyboard.press("l")
    midi.keyboard.press("l")
    send(midi, cc(5))
    midi.keyboard.press("m")
    assert midi.session.params.mirror and start.kept == {}


def test_a_binding_that_cannot_be_kept_says_so_and_works(start):
    def full(bindings):
        raise OutputError("cannot write the settings: No space left on device")

    midi = start()
    midi._save = full
    midi.keyboard.press("l")
    send(midi, cc(5))
    midi.keyboard.press("[")
    assert (
        midi.said[-1] == "cc 1 21 is now strength for this run only: cannot write the settings: No space left on device"
    )
    send(midi, cc(0))
    assert midi.session.params.strength == 0.0


def test_a_binding_to_nothing_is_named(start):
    midi = start(note_10_36="dance")
    send(midi, note(1))
    assert midi.said == ["note 10 36 is bound to 'dance', which is no command; press l to bind it again"]


def test_without_midi_the_key_says_how_to_start_it(plain_session):
    session, _ = plain_session(STYLES)
    Keyboard(session).press("l")
    assert "--midi" in session.message


@pytest.mark.parametrize(("port", "name"), [("default", "Clock"), ("DESK", "Desk 8 knobs"), ("Clock", "Clock")])
def test_an_input_is_found_by_part_of_its_name(port, name):
    with Midi(port, {}, dict) as midi:
        assert midi.port == name


def test_a_missing_input_is_an_error_that_names_those_there_are(monkeypatch):
    with pytest.raises(DeviceError, match="--midi organ: there is no such input; the MIDI inputs are Clock, Desk"):
        Midi("organ", {}, dict)
    monkeypatch.setattr(mido, "get_input_names", list)
    with pytest.raises(DeviceError, match="no MIDI device is connected"):
        Midi("default", {}, dict)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *more):
        if name == "mido":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError, match=r"--midi needs mido and python-rtmidi: pip install 'realtime-nst\[midi\]'"):
        Midi("default", {}, dict)


def test_every_command_can_be_bound(start, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for key in KEYS:
        if key.command and key.command not in ("quit", "toggle-recording"):
            send(start(note_10_36=key.command), note(1))
