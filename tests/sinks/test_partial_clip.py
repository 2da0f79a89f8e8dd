"""Unfinished clips: nothing that was there before is lost, whatever is killed, repeated or in the way."""

import subprocess
import sys
import threading
from dataclasses import replace

import av
import av.error
import pytest
from support.clip_files import OPTIONS, make, times
from support.doubles import MeanColour

from realtime_nst.errors import OutputError, RunError
from realtime_nst.media.claims import Claim
from realtime_nst.media.paths import sibling
from realtime_nst.stylizer import Stylizer

RESUME = replace(OPTIONS, resume=True)


@pytest.fixture
def stylizer():
    return Stylizer(MeanColour(), 96)


@pytest.fixture
def clip(made_clip):
    return made_clip("plain.mp4")


@pytest.fixture
def interrupted(made_clip, tmp_path, stylizer):
    """What a run of ten_seconds.mp4 leaves that is stopped after five seconds: (clip, output, partial file)."""
    clip, output, stop = made_clip("ten_seconds.mp4"), tmp_path / "out.mp4", threading.Event()
    with pytest.raises(RunError, match="--resume"):
        make(clip, output, stylizer, stop=stop, progress=lambda done, total: done > 5 and stop.set())
    return clip, output, tmp_path / "out.partial.mp4"


@pytest.mark.parametrize("tag", ["partial", "earlier"])
@pytest.mark.parametrize("options", [OPTIONS, RESUME, replace(OPTIONS, overwrite=True)])
def test_an_input_is_never_taken_for_a_temporary_file(clip, tmp_path, stylizer, tag, options):
    input = tmp_path / f"y.{tag}.mp4"
    input.write_bytes(clip.read_bytes())
    with pytest.raises(OutputError, match="is in the way"):
        make(input, tmp_path / "y.mp4", stylizer, options)
    assert input.read_bytes() == clip.read_bytes()
    assert list(tmp_path.iterdir()) == [input]


def test_what_an_interrupted_run_left_is_not_discarded_unasked(interrupted, stylizer):
    clip, output, partial = interrupted
    left = partial.read_bytes()
    with pytest.raises(OutputError, match="add --resume to go on from there, or --overwrite to begin anew"):
        make(clip, output, stylizer)
    assert partial.read_bytes() == left
    make(clip, output, stylizer, replace(OPTIONS, overwrite=True))
    assert times(output) == times(clip) and [path.name for path in output.parent.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("content", [b"", b"\0" * 5000])
def test_an_unreadable_partial_file_counts_as_nothing_done(interrupted, stylizer, content):
    clip, output, partial = interrupted
    partial.write_bytes(content)
    notices = []
    make(clip, output, stylizer, RESUME, say=notices.append)
    assert "holds nothing that can be read" in notices[0]
    assert times(output) == times(clip) and [path.name for path in output.parent.iterdir()] == ["out.mp4"]


def test_two_runs_never_write_one_output(made_clip, tmp_path, stylizer):
    clip, output = made_clip("ten_seconds.mp4"), tmp_path / "out.mp4"
    refused = []

    def second(done, total):
        if not refused:
            for options in (OPTIONS, RESUME, replace(OPTIONS, overwrite=True)):
                with pytest.raises(OutputError, match="another run is writing") as told:
                    make(clip, output, stylizer, options)
                refused.append(told)

    make(clip, output, stylizer, progress=second)
    assert len(refused) == 3 and times(output) == times(clip)


def test_a_claim_ends_with_its_process(tmp_path):
    program = "import sys; from realtime_nst.media.claims import Claim; from pathlib import Path\n"
    program += "claim = Claim(Path(sys.argv[1])); claim.note = 'mine'; print('now', flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "a.json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "now\n"
    with pytest.raises(OutputError, match="another run is writing"):
        Claim(tmp_path / "a.json")
    child.kill()
    child.wait()
    claim = Claim(tmp_path / "a.json")
    assert claim.note == "mine"
    claim.release(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_appears_meanwhile_is_not_replaced(clip, tmp_path, stylizer):
    output = tmp_path / "out.mp4"
    with pytest.raises(RunError, match=r"appeared while it was being made.*out\.partial\.mp4"):
        make(clip, output, stylizer, progress=lambda done, total: output.write_bytes(b"someone else's"))
    assert output.read_bytes() == b"someone else's" and times(tmp_path / "out.partial.mp4") == times(clip)


@pytest.mark.parametrize("name", ["x" * 251 + ".mp4", "ä" * 125 + ".mkv", "Film: one.mp4"])
def test_names_of_any_length_and_with_colons_are_written(clip, tmp_path, stylizer, name):
    output = tmp_path / name
    make(clip, output, stylizer)
    with av.open(f"file:{output}") as container:
        assert sum(1 for _ in container.decode(video=0)) == 48
    assert list(tmp_path.iterdir()) == [output]
    assert len(sibling(output, "partial").name.encode()) <= 255
