"""The table of keys: what each is called, what it does, and that the help shows them all."""

import pytest

from realtime_nst.keys import DIALS, KEYS, Keyboard, controllers_table, key_name, markdown_table


def test_every_key_stands_once():
    names = [name for key in KEYS for name in key.keys]
    assert len(names) == len(set(names))
    assert {"n", "p", "left", "right", *"123456789", "space", *"sr[]mfohq", "esc"} <= set(names)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (ord("n"), "n"),
        (ord("N"), "n"),
        (27, "esc"),
        (32, "space"),
        (65363, "right"),
        (0x100000 | 65363, "right"),
        (0x270000, "right"),
        (63235, "right"),
        (ord("["), "["),
        (65505, None),
        (0, None),
    ],
)
def test_key_codes_of_every_system(code, name):
    assert key_name(code) == name


def test_the_table_drives_what_is_done():
    done = []

    class Controls:
        def __getattr__(self, name):
            return lambda *args: done.append((name, *args))

    for code in (ord("n"), 65361, ord("7"), 32, ord("["), ord("q"), ord("z")):
        Keyboard(Controls()).press(key_name(code))
    assert done == [
        ("step_style", 1),
        ("step_style", -1),
        ("choose_style", 6),
        ("toggle_original",),
        ("change_strength", -0.1),
        ("quit",),
    ]


def test_every_command_and_value_has_one_name():
    names = [key.command for key in KEYS if key.command] + [dial.name for dial in DIALS] + ["style"]
    assert len(names) == len(set(names))
    assert {key.dial for key in KEYS} - {""} <= {dial.name for dial in DIALS}
    assert [key.name for key in KEYS if not key.command] == ["1 to 9"]  # OSC has /style for it, MIDI "style N"


def test_the_table_of_controllers_has_every_address():
    table = controllers_table()
    assert "| `/strength` | 0 to 1 | how much style: 0 is the original | [, ] |" in table
    assert "| `/next-style` | none, or 1 | next style | n, right, down |" in table
    assert len(table.splitlines()) == 3 + len(DIALS) + len(KEYS) - 1


def test_the_markdown_has_a_line_a_key():
    lines = markdown_table().splitlines()
    assert len(lines) == len(KEYS) + 2 and lines[2] == "| n, right, down | next style |"
