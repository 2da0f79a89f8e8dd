"""The files that the commands write; none of them drops a style or replaces a file silently."""

import os
import subprocess
import sys

import numpy as np
import pytest
from support.clip_files import times

from realtime_nst.media.images import read_image, write_image
from realtime_nst.styles.library import shipped_styles

FAST = ("--model", "fast", "--work-size", "64")
FIRST, *_ = (style.name for style in shipped_styles())


@pytest.fixture
def program(tmp_path):
    """Run the program in an empty folder, without a display and with a data folder of its own."""

    def run(*args, exit_code=0):
        environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"XDG_DATA_HOME": str(tmp_path.parent / "data"), "HOME": str(tmp_path.parent)}
        done = subprocess.run(
            [sys.executable, "-m", "realtime_nst", *map(str, args)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == exit_code, done.stderr
        return done

    return run


@pytest.fixture
def photo(tmp_path):
    """A small picture in the program's folder."""
    return write_image(tmp_path / "photo.png", np.random.default_rng(7).integers(0, 255, (48, 64, 3), np.uint8))


@pytest.fixture
def clip(tmp_path):
    """A quarter of a second of FFmpeg's test pattern in the program's folder."""
    path = tmp_path / "clip.mkv"
    source = ["-f", "lavfi", "-i", "testsrc=size=96x64:rate=12:duration=0.25"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "libx264", path], check=True)
    return path


@pytest.mark.parametrize(("command", "output"), [("image", "out.png"), ("clip", "out.mp4")])
def test_several_styles_for_one_file_are_an_error_that_says_what_to_do(program, photo, clip, tmp_path, command, output):
    input = photo if command == "image" else clip
    done = program(command, input, "-o", output, "-s", "ink", "-s", "pond", *FAST, exit_code=2)
    assert "2 styles cannot go into one file" in done.stderr
    assert "-o out/" in done.stderr
    assert not (tmp_path / output).exists()


def test_a_folder_holds_each_clip_in_each_style(program, clip, tmp_path):
    done = program("clip", clip, "-o", "made", "-s", "ink", "-s", "pond", *FAST)
    assert sorted(done.stdout.split()) == [os.path.join("made", name) for name in ("clip-ink.mp4", "clip-pond.mp4")]
    assert times(tmp_path / "made/clip-ink.mp4") == times(tmp_path / "made/clip-pond.mp4") == times(clip)
    assert (tmp_path / "made/clip-ink.mp4").read_bytes() != (tmp_path / "made/clip-pond.mp4").read_bytes()


def test_styles_and_styles_over_time_exclude_each_other(program, clip):
    done = program("clip", clip, "-o", "out.mp4", "-s", "ink", "--styles-over-time", "0:ink,1:pond", exit_code=2)
    assert "give one of them" in done.stderr


@pytest.mark.parametrize(("command", "output"), [("image", "out.png"), ("clip", "out.mp4")])
def test_the_default_style_is_named(program, photo, clip, command, output):
    input = photo if command == "image" else clip
    assert f"style: {FIRST} (choose with --style)" in program(command, input, "-o", output, *FAST).stderr
    named = program(command, input, "-o", f"named-{output}", "-s", "ink", *FAST)
    assert "choose with --style" not in named.stderr


EXISTING = {
    "image": (["image", "photo.png", "-s", "ink", *FAST, "-o"], "out.png"),
    "clip": (["clip", "clip.mkv", "-s", "ink", *FAST, "-o"], "out.mp4"),
    "live": (["live", "--camera", "clip.mkv", "--headless", "-s", "ink", *FAST, "--record"], "out.mp4"),
    "demo": (["demo", "--frames", "2", "-s", "ink", *FAST, "--record"], "out.mp4"),
    "stats": (["demo", "--headless", "--frames", "2", "-s", "ink", *FAST, "--stats"], "s.json"),
    "sheet": (["styles", *FAST, "--sheet"], "sheet.png"),
}


@pytest.mark.parametrize("command", EXISTING)
def test_a_file_is_replaced_only_when_asked(program, photo, clip, tmp_path, command):
    args, name = EXISTING[command]
    (tmp_path / name).write_text("precious")
    done = program(*args, name, exit_code=2)
    assert f"{name} exists; add --overwrite" in done.stderr
    assert (tmp_path / name).read_text() == "precious"
    program(*args, name, "--overwrite")
    assert (tmp_path / name).read_bytes() != b"precious"


def test_figures_are_replaced_only_when_asked(program, photo, tmp_path):
    """Refused before anything is measured or optimized: with --overwrite these commands run for a long time."""
    for name in ("out.json", "out.png", "plot.png"):
        (tmp_path / name).write_text("precious")
    evaluate = ["evaluate", "--model", "fast", "--photos", photo, "--paintings", photo, "--features", photo]
    for args in (
        ["bench", "--json", "out.json"],
        [*evaluate, "--json", "out.json"],
        [*evaluate, "--sheet", "out.png"],
        ["optimize", photo, "ink", "-o", "out.png"],
        ["optimize", photo, "ink", "-o", "new.png", "--plot", "plot.png"],
    ):
        assert f"{args[-1]} exists; add --overwrite" in program(*args, exit_code=2).stderr


@pytest.mark.parametrize("command", ["image", "optimize"])
def test_an_input_is_never_replaced(program, photo, tmp_path, command):
    painting = write_image(tmp_path / "painting.png", read_image(photo))
    kept = photo.read_bytes(), painting.read_bytes()
    style = ["painting.png"] if command == "optimize" else ["-s", "painting.png"]
    for output in ("photo.png", "painting.png"):
        done = program(command, "photo.png", *style, "-o", output, "--overwrite", exit_code=2)
        assert f"{output} is itself an input" in done.stderr
    assert (photo.read_bytes(), painting.read_bytes()) == kept


def test_a_demo_without_a_screen_takes_a_free_name(program, tmp_path):
    for name in ("realtime-nst-demo.mp4", "realtime-nst-demo-2.mp4"):
        done = program("demo", "--frames", "2", "-s", "ink", *FAST)
        assert name in done.stderr
        assert len(times(tmp_path / name)) == 2


def test_a_style_of_ones_own_is_replaced_only_when_asked(program, photo):
    program("styles", "add", photo, "--name", "mine")
    assert (
        "you have a style 'mine'; add --overwrite"
        in program("styles", "add", photo, "--name", "mine", exit_code=2).stderr
    )
    program("styles", "add", photo, "--name", "mine", "--overwrite")


def test_the_former_name_of_deflicker_still_works(program, clip, tmp_path):
    for option in ("--no-deflicker", "--no-steady", "--deflicker", "--steady"):
        program("clip", clip, "-o", f"{option}.mp4", "-s", "ink", *FAST, option)
    made = {path.name: path.read_bytes() for path in tmp_path.glob("--*.mp4")}
    assert made["--no-deflicker.mp4"] == made["--no-steady.mp4"] != made["--deflicker.mp4"] == made["--steady.mp4"]
    for command in ("clip", "live", "demo"):
        help = program(command, "--help").stdout
        assert "--deflicker / --no-deflicker" in help
        assert "steady" not in help


def test_an_output_that_is_the_second_input_is_refused(program, tmp_path):
    photos = [write_image(tmp_path / name, np.full((48, 64, 3), 90, np.uint8)) for name in ("a.jpg", "a-ink.jpg")]
    kept = [photo.read_bytes() for photo in photos]
    done = program("image", *photos, "-s", "ink", "-o", ".", "--overwrite", *FAST, exit_code=2)
    assert "a-ink.jpg is itself an input" in done.stderr
    assert [photo.read_bytes() for photo in photos] == kept
    assert sorted(tmp_path.iterdir()) == sorted(photos)


def test_neither_a_sheet_nor_a_plot_replaces_the_photo(program, photo):
    kept = photo.read_bytes()
    for args in (
        ["styles", "--sheet", photo, "--photo", photo],
        ["optimize", photo, "ink", "-o", "o.png", "--plot", photo],
    ):
        assert "photo.png is itself an input" in program(*args, "--overwrite", exit_code=2).stderr
        assert photo.read_bytes() == kept


def test_image_goes_on_after_a_photo_that_fails(program, photo, tmp_path):
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    done = program("image", "damaged.jpg", photo, "-s", "ink", "-o", "made", *FAST, exit_code=2)
    assert done.stderr.count("damaged.jpg is damaged") == 1 and "Traceback" not in done.stderr
    assert not list((tmp_path / "made").iterdir())
    done = program("image", "damaged.jpg", photo, "-s", "ink", "-o", "made", "--keep-going", *FAST, exit_code=1)
    assert done.stderr.count("damaged.jpg is damaged") == 1 and "1 of 2 photos failed" in done.stderr
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["photo-ink.png"]
    done = program("image", photo, "-s", "ink", "-o", "o.png", "--max-pixels", "3000", *FAST, exit_code=2)
    assert "64x48 pixels, more than the limit of 0.003 million" in done.stderr
