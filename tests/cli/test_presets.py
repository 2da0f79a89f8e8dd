"""Presets on the command line: what they fill in, what is typed goes before it, and errors."""

import pytest
from click.testing import CliRunner

from realtime_nst.cli.app import cli, main
from realtime_nst.settings.file import Settings, settings_file


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def options(monkeypatch):
    """The options that a live run would get."""
    found = []
    monkeypatch.setattr("realtime_nst.live.run.run_live", lambda options, notify: found.append(options))

    def run(*args):
        done = CliRunner().invoke(cli, ["live", *args], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return found.pop()

    return run


def write(text):
    settings_file().parent.mkdir(parents=True, exist_ok=True)
    settings_file().write_text(text)


EVENING = '[presets.evening]\nstyle = "night"\nstrength = 0.7\nkeep-colors = true\nmirror = false\nfade = 2\n'


def test_a_preset_fills_in_what_is_not_typed(options):
    write(EVENING)
    run = options("--preset", "evening", "--fade", "1")
    assert (run.first.name, run.strength, run.keep_colors, run.mirror, run.fade) == ("night", 0.7, True, False, 1.0)
    assert len(run.styles) == 20  # the others can still be chosen


def test_a_typed_style_goes_before_the_preset_s(options):
    write(EVENING)
    run = options("--preset", "evening", "--style", "pond")
    assert ([style.name for style in run.styles], run.first) == (["pond"], None)


def test_a_preset_of_a_picture_s_file_adds_that_picture(options, tmp_path, photo_file):
    write(f"[presets.mine]\nstyle = '{photo_file}'\nmix = '{photo_file}:0.25'\n")
    run = options("--preset", "mine")
    assert (run.first.path, run.mix) == (photo_file, (run.first, 0.25))
    assert len(run.styles) == 21 and run.styles[-1] == run.first


@pytest.mark.parametrize("mix", ["night", "night:2", ":0.5", "night:x"])
def test_a_mix_without_a_share_is_refused(mix):
    done = CliRunner().invoke(cli, ["live", "--mix", mix])
    assert done.exit_code == 2 and "such as embers:0.4" in done.output


def test_without_a_preset_nothing_changes(options):
    write(EVENING)
    run = options()
    assert (run.first, run.strength, run.keep_colors, run.mirror, run.remember) == (None, 1.0, False, None, False)


@pytest.mark.parametrize(("args", "setting"), [(["--remember"], ""), ([], "remember = true\n")])
def test_the_last_settings_come_back_when_asked_for(options, args, setting):
    write(setting)
    Settings().save_last({"style": "pond", "strength": 0.3})
    run = options(*args)
    assert (run.first.name, run.strength, run.remember) == ("pond", 0.3, True)
    assert options(*args, "--strength", "0.9").strength == 0.9


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("strength = 7", "line 3: 7.0 is not in the range 0<=x<=1."),
        ("strength = true", "line 3: True is not a value of this option"),
        ("keep-colors = 1", "line 3: 1 is not true or false"),
        ("strenght = 0.7", "line 3: a preset holds no 'strenght'; it may hold style, strength,"),
        ("style = 3", "line 3: style is the name of one style, in quotes, not 3"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(capsys, line, message):
    write(f"[presets.a]\nfade = 1\n{line}\n")
    with pytest.raises(SystemExit) as end:
        main(["live", "--preset", "a"])
    assert end.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"settings.toml, {message}" in said


def test_the_command_lists_renames_and_removes():
    write(EVENING)
    runner = CliRunner()
    assert "evening" in (listed := runner.invoke(cli, ["presets"]).output) and "strength 0.7" in listed
    assert runner.invoke(cli, ["presets", "rename", "evening", "late"]).output == "evening is now late\n"
    assert list(Settings().presets()) == ["late"]
    assert runner.invoke(cli, ["presets", "remove", "late"]).output == "removed late\n"
    assert "none yet" in runner.invoke(cli, ["presets"]).output
