"""The developer's command that draws the shipped styles."""

import shlex
import subprocess
import sys

import numpy as np
from support import ROOT

from realtime_nst.media.images import read_image
from realtime_nst.styles.library import find_styles


def run(command, folder):
    return subprocess.run(
        [sys.executable, *shlex.split(command)[1:]], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_the_command_that_a_style_names_draws_that_style_again(tmp_path):
    (style,) = find_styles(["blocks"])
    assert style.made.startswith("python -m realtime_nst.styles.procedural styles blocks")
    (tmp_path / "styles").mkdir()
    done = run(style.made, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "styles/blocks.jpg"
    drawn = read_image(tmp_path / "styles/blocks.jpg")
    assert np.abs(drawn.astype(int) - style.read()).mean() < 1  # decoders differ a little


def test_bad_input_ends_with_2_and_names_what_there_is(tmp_path):
    for arguments, words in ((". bloks", "blocks"), ("gone blocks", "gone"), (". blocks --quality 0", "1..100")):
        done = run(f"python -m realtime_nst.styles.procedural {arguments}", tmp_path)
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_drawn_style_that_ships_names_the_command():
    drawn = [style for style in find_styles() if "procedural" in style.made]
    assert len(drawn) >= 10 and all(style.path.parent == ROOT / "styles" for style in drawn)
