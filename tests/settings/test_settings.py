"""The settings file: what is kept comes back, comments stay, and mistakes are named with their line."""

import pytest

from realtime_nst.errors import InputError, OutputError
from realtime_nst.keys import KEYS
from realtime_nst.settings.file import Settings

WRITTEN = """\
# my settings
remember = true  # always

[keys]
snapshot = "g"

[presets.evening]
style = "night"  # the best
strength = 0.7
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "settings.toml"


def read(path):
    settings = Settings(path)
    return settings.presets(), settings.midi()


@pytest.fixture
def written(path):
    path.parent.mkdir()
    path.write_text(WRITTEN)
    return path


def test_without_a_file_everything_is_as_it_comes(path):
    settings = Settings(path)
    assert (settings.key_table(), settings.midi(), settings.presets(), settings.last()) == (KEYS, {}, {}, {})
    assert settings.remember is False and not path.exists()


def test_a_preset_gets_the_next_free_number(path):
    assert Settings(path).save_preset({"style": "night", "strength": 0.5}) == "1"
    assert Settings(path).save_preset({"style": "embers"}) == "2"
    Settings(path).remove_preset("1")
    assert Settings(path).save_preset({"style": "pond"}) == "1"
    assert Settings(path).presets() == {"2": {"style": "embers"}, "1": {"style": "pond"}}
    assert list(path.parent.iterdir()) == [path]


def test_what_the_user_wrote_stays_when_the_program_writes(written):
    settings = Settings(written)
    settings.save_midi({"cc 1 21": "strength"})
    settings.save_last({"strength": 0.5})
    settings.save_preset({"style": "pond"})
    text = written.read_text()
    assert all(line in text for line in WRITTEN.splitlines())
    again = Settings(written)
    assert again.presets() == {"evening": {"style": "night", "strength": 0.7}, "1": {"style": "pond"}}
    assert (again.remember, again.midi(), again.last()) == (True, {"cc 1 21": "strength"}, {"strength": 0.5})


def test_two_runs_do_not_lose_each_other_s_presets(path):
    first, second = Settings(path), Settings(path)
    assert (first.save_preset({"style": "a"}), second.save_preset({"style": "b"})) == ("1", "2")
    assert Settings(path).presets() == {"1": {"style": "a"}, "2": {"style": "b"}}


def test_a_preset_is_renamed(written):
    Settings(written).rename_preset("evening", "late evening")
    assert Settings(written).preset("late evening") == {"style": "night", "strength": 0.7}
    Settings(written).save_preset({"style": "pond"})
    with pytest.raises(InputError, match="there is a preset '1' already"):
        Settings(written).rename_preset("late evening", "1")


def test_an_unknown_preset_is_named_with_those_there_are(written, tmp_path):
    for change in (Settings(written).preset, Settings(written).remove_preset):
        with pytest.raises(InputError, match="there is no preset 'evning'; did you mean evening?"):
            change("evning")
    with pytest.raises(InputError, match="no preset 'x'; none is saved yet: press k"):
        Settings(tmp_path / "none.toml").preset("x")


def test_own_keys_replace_those_of_the_command(written):
    snapshot = next(key for key in Settings(written).key_table() if key.command == "snapshot")
    assert (snapshot.keys, snapshot.name, snapshot.help) == (("g",), "g", "save a snapshot (PNG)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("remember = ", r"line 1: the file ends where a value is missing; correct it, or remove the file"),
        ("a = 1\na = 2", r'line 2: Key "a" already exists.; correct it'),
        ("\ncolour = 1", r"line 2: there is no setting 'colour'; there are keys, midi, presets, last, remember"),
        ("remember = 3", r"line 1: remember is true or false, not 3"),
        ("keys = 3", r"line 1: keys is a table, \[keys\], not 3"),
        ("[presets]\n\nevening = 3", r"line 3: a preset is a table, \[presets.evening\], not 3"),
        ("[midi]\n'cc 1 2' = 3", r"line 2: 'cc 1 2' is bound to a name in quotes, not 3"),
        ('[keys]\n# a\nsnap = "g"', r"line 3: there is no command 'snap'; the commands are next-style, "),
        ('[keys]\nsnapshot = "n"', r"line 2: the key 'n' is bound to both next-style and snapshot"),
        ('[keys]\nsnapshot = "g"\ntoggle-mirror = "g"', r"line \d: the key 'g' is bound to both toggle-mirror and"),
        ('[keys]\nsnapshot = "7"', r"line 2: the key '7' is bound to both a style by its number and snapshot"),
        ('[keys]\nsnapshot = "ctrl"', r"line 2: snapshot: 'ctrl' is no key; a key is one character, or one of esc"),
        ("[keys]\nsnapshot = 3", r'line 2: snapshot is a key such as "g", or a list of keys, not 3'),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(path, text, message):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InputError, match=rf"settings.toml, {message}"):
        read(path)


def test_keys_may_be_exchanged(path):
    path.parent.mkdir()
    path.write_text('[keys]\nsnapshot = "r"\ntoggle-recording = ["s", "up"]\nnext-style = "N"\nprevious-style = []')
    keys = {key.command: key for key in Settings(path).key_table()}
    assert [keys[name].keys for name in ("snapshot", "toggle-recording", "next-style", "previous-style")] == [
        ("r",), ("s", "up"), ("n",), (),
    ]  # fmt: skip
    assert keys["previous-style"].name == "none"


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((InputError, OutputError), match="the settings .*settings.toml: "):
        Settings(tmp_path / "file" / "settings.toml").save_preset({"style": "a"})
