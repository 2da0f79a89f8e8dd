"""Lists of clips, each with its own style and options, and plans that are printed and not carried out."""

import json
import subprocess

import pytest
from support.clip_files import times

from realtime_nst.cli.clip import clip as command
from realtime_nst.errors import InputError
from realtime_nst.media.images import read_image, write_image
from realtime_nst.sources.clip import ClipSource
from realtime_nst.styles.library import shipped_styles

FAST = ("--model", "fast", "--work-size", "64", "--workers", "1")


@pytest.fixture
def footage(tmp_path, monkeypatch):
    """Go to a folder that holds footage/a.mp4 and footage/b.mp4, of one second at 12 frames a second."""
    folder = tmp_path / "footage"
    folder.mkdir()
    source = ["-f", "lavfi", "-i", "testsrc=size=96x64:rate=12:duration=1"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "libx264", folder / "a.mp4"], check=True)
    (folder / "b.mp4").write_bytes((folder / "a.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    return folder


def run(*args):
    command.main([*map(str, args)], standalone_mode=False)


def test_each_line_has_its_own_style_and_options(footage, tmp_path):
    write_image(footage / "own.png", read_image(shipped_styles()[0].path))
    (footage / "list.csv").write_text(
        "clip,style,end,size,keep_colors,output\n"
        "a.mp4,ink,0.5,,yes,\n"
        "a.mp4,pond,,,,\n"
        "b.mp4,own.png,,64x48,,trip/first.mkv\n"
    )
    run("--manifest", "footage/list.csv", "-o", "out", "--crf", "30", *FAST)
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert made == {"a-ink.mp4", "a-pond.mp4", "trip/first.mkv"}
    assert [len(times(tmp_path / "out" / name)) for name in ("a-ink.mp4", "a-pond.mp4")] == [6, 12]
    with ClipSource(tmp_path / "out/trip/first.mkv") as clip:
        assert clip.size == (48, 64)


def test_the_options_of_the_command_hold_where_a_line_gives_none(footage, capsys):
    lines = [{"clip": "a.mp4"}, {"clip": "b.mp4", "end": 0.25, "styles-over-time": "0:ink,1:pond"}]
    (footage / "list.jsonl").write_text("\n\n".join(map(json.dumps, lines)))
    run("--manifest", "footage/list.jsonl", "-o", "out", "-s", "wave", "--end", "0.5", "--dry-run")
    told = capsys.readouterr()
    rows = [line.split() for line in told.out.splitlines()[1:]]
    assert [row[1:-1] for row in rows] == [["wave", "6", "0.5"], ["ink", "pond", "3", "0.2"]]
    assert "2 clips, about 9 frames, 0.8 s of footage" in told.err
    assert not (footage.parent / "out").exists()


BAD = {
    "unknown option": ("l.csv", "clip,styel\na.mp4,ink\n", "line 2: there is no styel; did you mean style?"),
    "bad value": ("l.csv", "clip,size\na.mp4,\na.mp4,big\n", "line 3: Invalid value for '--size': 'big'"),
    "out of range": ("l.jsonl", '{"clip": "a.mp4", "crf": 99}', "line 1: Invalid value for '--crf': 99"),
    "unknown style": ("l.csv", "clip,style\na.mp4,\na.mp4,inkk\n", "line 3: there is no style 'inkk'"),
    "missing clip": ("l.jsonl", '\n{"clip": "gone.mp4"}', "line 2: there is no clip footage/gone.mp4"),
    "no clip": ("l.csv", "clip,style\n,ink\n", "line 2: it names no clip"),
    "more cells": ("l.csv", "clip\na.mp4,ink\n", "line 2: it has more cells than the header"),
    "no JSON": ("l.jsonl", '{"clip": "a.mp4"}\n{clip}', "line 2: it is not JSON"),
    "no object": ("l.jsonl", '"a.mp4"', "line 1: it is not an object"),
    "end before start": ("l.csv", "clip,start,end\na.mp4,0:02,1\n", "line 2: --end 1 s is not after --start 2 s"),
    "output elsewhere": ("l.csv", "clip,output\na.mp4,../b.mp4\n", "line 2: the output ../b.mp4 is not a name below"),
    "output of another kind": ("l.csv", "clip,output\na.mp4,b.gif\n", "line 2: the output b.gif must end in"),
    "twice": ("l.csv", "clip\na.mp4\na.mp4\n", "two outputs would be out/a.mp4"),
    "empty": ("l.csv", "clip,style\n", "lists no clips"),
    "another kind": ("l.txt", "a.mp4", "its name must end in .csv, .jsonl, .ndjson"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_error_names_the_line(footage, case):
    name, text, words = BAD[case]
    (footage / name).write_text(text)
    with pytest.raises(InputError) as error:
        run("--manifest", f"footage/{name}", "-o", "out", *FAST)
    assert words in str(error.value)
    assert not (footage.parent / "out").exists()


def test_a_dry_run_shows_what_cannot_be_made(footage, capsys):
    (footage / "broken.mp4").write_text("these are notes")
    run("footage", "-o", "out", "--start", "0.25", "--dry-run", "-s", "ink", "-s", "pond")
    told = capsys.readouterr()
    assert "broken.mp4" in told.out and "cannot be made" in told.out and "out/a-ink.mp4" in told.out
    assert "4 clips, about 36 frames, 3.0 s of footage; 2 cannot be made" in told.err
    assert not (footage.parent / "out").exists()
