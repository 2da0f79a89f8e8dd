"""The command line as a user meets it: the real program, bad input, exit codes."""

import itertools
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.media.images import read_image, write_image


@pytest.fixture
def program(tmp_path):
    """Run the program in an empty folder without a display; return the finished process."""

    def run(*args, display: str | None = None, timeout: float = 240):
        environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"DISPLAY": display} if display else {}
        return subprocess.run(
            [sys.executable, "-m", "realtime_nst", *map(str, args)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture(scope="session")
def warm_hub(hub_network):
    """The hub model converted and in the cache that child processes share."""
    return hub_network


def test_help_fits_a_screen_and_shows_examples(program):
    done = program("--help")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) <= 40 and max(map(len, lines)) <= 100
    assert "realtime-nst demo" in done.stdout and "realtime-nst live --camera" in done.stdout


def test_options_without_a_command_are_live(program):
    done = program("--camera", "gone.mp4", "--headless", "--frames", "1")
    assert done.returncode == 2 and "gone.mp4" in done.stderr


BAD = {
    "missing camera": (["live", "--camera", "97", "--headless", "--frames", "1"], "97"),
    "missing clip": (["live", "--camera", "gone.mp4", "--headless", "--frames", "1"], "gone.mp4"),
    "no clip": (["live", "--camera", "notes.txt", "--headless", "--frames", "1"], "notes.txt"),
    "unknown camera name": (["live", "--camera", "No Such Camera", "--headless", "--frames", "1"], "No Such Camera"),
    "headless to nowhere": (["demo", "--headless"], "--record"),
    "unknown style": (["demo", "--headless", "--frames", "1", "--style", "nigth"], "did you mean night"),
    "empty style folder": (["demo", "--headless", "--frames", "1", "--style", "empty"], "holds no pictures"),
    "unreadable style": (["demo", "--headless", "--frames", "1", "--style", "notes.txt"], "not an image"),
    "missing model folder": (["demo", "--headless", "--frames", "1", "--model", "nowhere"], "nowhere"),
    "wrong model folder": (["demo", "--headless", "--frames", "1", "--model", "empty"], "not a SavedModel"),
    "unwritable recording": (["demo", "--seconds", "1", "--headless", "--record", "no/where.mp4"], "no/where.mp4"),
    "recording of no known kind": (["demo", "--seconds", "1", "--headless", "--record", "a.txt"], "a.txt"),
    "unwritable stats": (["demo", "--headless", "--frames", "1", "--stats", "no/where.json"], "no/where.json"),
    "strength out of range": (["demo", "--strength", "2"], "--strength"),
    "no stroke size": (["demo", "--headless", "--frames", "1", "--stroke-size", "tiny"], "small, medium, large, or a"),
    "no stroke size under its former name": (["demo", "--headless", "--frames", "1", "--work-size", "9"], "from 32 on"),
    "unknown case to measure": (["bench", "--case", "everything"], "no case 'everything'"),
    "no clip to measure on": (["bench", "--frames", "notes.txt"], "notes.txt"),
    "figures to nowhere": (["bench", "--json", "no/where.json"], "no/where.json"),
    "no port to serve at": (["demo", "--headless", "--serve", "http"], "is not a port"),
    "no address of ours": (["demo", "--headless", "--serve", "192.0.2.1:8090"], "--serve cannot listen at 192.0.2.1"),
    "control of what is not served": (["demo", "--headless", "--frames", "1", "--control"], "add --serve"),
    "no token to control with": (["demo", "--serve", "--control", "a/b"], "is not a token"),
    "bad size": (["live", "--size", "big"], "1280x720"),
    "missing photo": (["image", "gone.jpg", "-o", "a.png"], "gone.jpg"),
    "no time": (["clip", "notes.txt", "-o", "a.mp4", "--start", "1:x"], "not a time"),
    "end before start": (["clip", "notes.txt", "-o", "a.mp4", "--start", "0:09", "--end", "5"], "not after --start"),
    "no photo": (["image", "notes.txt", "-o", "a.png", "--style", "night"], "not an image"),
    "photo to no picture": (["image", "photo.png", "-o", "a.docx"], "must end in"),
    "photos to one file": (["image", "photo.png", "photo.png", "-o", "a.png"], "give a folder"),
    "missing clip to stylize": (["clip", "gone.mp4", "-o", "a.mp4"], "gone.mp4"),
    "bad timeline": (["clip", "notes.txt", "-o", "a.mp4", "--styles-over-time", "wave"], "SECONDS:STYLE"),
    "style to add is none": (["styles", "add", "notes.txt"], "not an image"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_clear_message_and_exit_code_2(program, tmp_path, case):
    args, words = BAD[case]
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("these are notes")
    write_image(tmp_path / "photo.png", read_image(_a_style()))
    before = sorted(path.name for path in tmp_path.iterdir())
    done = program(*args)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def _a_style():
    from realtime_nst.styles.library import shipped_styles

    return shipped_styles()[0].path


def test_live_without_a_display_offers_headless(program, made_clip):
    done = program("live", "--camera", made_clip("plain.mp4"))
    assert done.returncode == 2
    assert "--headless" in done.stderr and "--record" in done.stderr


def test_a_missing_system_library_is_named_with_its_package(tmp_path):
    """A double of OpenCV on a bare system, where its import fails: the libraries are installed here."""
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    done = subprocess.run(
        [sys.executable, "-m", "realtime_nst", "styles"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "libGL.so.1" in done.stderr and "apt-get install libgl1" in done.stderr


def test_a_gpu_that_is_missing_is_an_error(program):
    from realtime_nst.networks.runtimes.devices import graphics_card

    if graphics_card():
        pytest.skip("this machine has a GPU")
    done = program("demo", "--headless", "--frames", "1", "--device", "gpu")
    assert done.returncode == 2 and "GPU" in done.stderr and "--device cpu" in done.stderr


def test_a_clip_as_camera_becomes_a_stylized_recording(program, made_clip, paintings, hub_folder, warm_hub, tmp_path):
    done = program(
        "live",
        "--camera",
        made_clip("webcam.mkv"),
        "--model",
        hub_folder,
        "--work-size",
        "160",
        "--style",
        paintings[0],
        "--headless",
        "--frames",
        "20",
        "--record",
        "out.mp4",
        "--stats",
        "s.json",
    )
    assert done.returncode == 0, done.stderr
    assert "OpenVINO" in done.stderr and "CPU" in done.stderr
    stats = json.loads((tmp_path / "s.json").read_text())
    assert set(stats) == {
        "frames",
        "dropped",
        "seconds",
        "fps",
        "model",
        "runtime",
        "device",
        "frame_size",
        "processing_size",
        "stages_ms",
        "latency_ms",
        "style_encodes",
        "peak_rss_mb",
        "work_size",
    }
    assert (stats["frames"], stats["dropped"], stats["style_encodes"]) == (20, 0, 1)
    assert stats["frame_size"] == [480, 640] and stats["processing_size"] == [120, 160]
    assert set(stats["stages_ms"]) == {"capture", "decode", "prepare", "stylize", "finish", "show"}
    from realtime_nst.sources.clip import ClipSource

    original, stylized = ClipSource(made_clip("webcam.mkv")), ClipSource(tmp_path / "out.mp4")
    frames = 0
    while (frame := stylized.read()) is not None:
        frames += 1
        assert abs(frame.image.astype(float) - original.read().image).mean() > 12
    assert frames == 20


@pytest.mark.parametrize(
    "command",
    [
        ["clip", "CLIP", "-o", "out.mp4", "--end", "0.7", "--overwrite"],
        ["live", "--camera", "CLIP", "--headless", "--frames", "20", "--record", "out.mp4", "--overwrite"],
    ],
)
def test_a_stream_is_kept_from_flickering_unless_it_is_told_not_to(program, made_clip, tmp_path, command):
    from realtime_nst.sources.clip import ClipSource

    command = [made_clip("webcam.mkv") if word == "CLIP" else word for word in command]
    wall = np.s_[20:200, 60:160]

    def flicker(*options):
        done = program(*command, "--model", "fast", "--style", "night", *options)
        assert done.returncode == 0, done.stderr
        source, images = ClipSource(tmp_path / "out.mp4"), []
        while (frame := source.read()) is not None:
            images.append(frame.image[wall].astype(np.float32))
        source.close()
        return np.mean([np.mean((one - two) ** 2) for one, two in itertools.pairwise(images)])

    assert flicker() < 0.7 * flicker("--no-steady")


def test_demo_without_a_screen_records_and_says_where(program, hub_folder, warm_hub, tmp_path):
    done = program("demo", "--model", hub_folder, "--work-size", "96", "--style", "night", "--seconds", "0.5")
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "realtime-nst-demo.mp4") in done.stderr
    assert (tmp_path / "realtime-nst-demo.mp4").stat().st_size > 10_000


def test_image_makes_a_picture_of_the_photo_s_size(program, photo_file, hub_folder, warm_hub, tmp_path):
    photo = photo_file
    done = program("image", photo, "-o", "out.png", "--style", "embers", "--model", hub_folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out.png"
    original, out = read_image(photo), read_image(tmp_path / "out.png")
    assert out.shape == original.shape and abs(out.astype(float) - original).mean() > 12
    again = program("image", photo, "-o", "same.png", "--style", "embers", "--model", hub_folder, "--strength", "0")
    assert again.returncode == 0 and (read_image(tmp_path / "same.png") == original).all()


COLOURED = {
    "image": ("photo", "out.png", []),
    "clip": ("webcam.mkv", "out.mp4", ["--end", "0.2", "--overwrite"]),
    "live": ("webcam.mkv", "out.mp4", ["--headless", "--frames", "3"]),
}


@pytest.mark.parametrize("command", COLOURED)
def test_colours_are_kept_where_that_is_asked_for(program, made_clip, photo_file, tmp_path, command):
    name, out, more = COLOURED[command]
    given, made = photo_file if name == "photo" else made_clip(name), tmp_path / out
    files = ["--camera", given, "--record", made] if command == "live" else [given, "-o", made]

    def kept(*option):
        made.unlink(missing_ok=True)
        done = program(command, *files, *more, "--style", "ink", "--model", "fast", *option)
        assert done.returncode == 0, done.stderr
        colours = [cv2.cvtColor(_first(path), cv2.COLOR_BGR2YCrCb)[..., 1:].astype(float) for path in (given, made)]
        return abs(colours[0] - colours[1]).mean() < 3

    assert kept("--keep-colors") and not kept()


def _first(path):
    """A picture, or the first frame of a clip."""
    from realtime_nst.sources.clip import ClipSource

    return ClipSource(path).read().image if path.suffix in (".mkv", ".mp4") else read_image(path)


def test_image_fills_a_folder(program, photo_file, hub_folder, warm_hub, tmp_path):
    photos = [photo_file, write_image(tmp_path / "second.jpg", read_image(photo_file)[:, ::-1])]
    done = program(
        "image", *photos, "-o", "made", "--style", "ink", "--style", "pond", "--model", hub_folder, "--work-size", "96"
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "photo-ink.png",
        "photo-pond.png",
        "second-ink.jpg",
        "second-pond.jpg",
    ]


def test_strokes_do_not_shrink_on_a_large_photo(program, tmp_path):
    write_image(tmp_path / "large.png", cv2.resize(scene_image(), (2048, 1536)))
    for name, *options in (("usual",), ("coarser", "--work-size", "1024"), ("finer", "--work-size", "2048")):
        done = program("image", "large.png", "-o", f"{name}.png", "--style", "embers", "--model", "fast", *options)
        assert done.returncode == 0, done.stderr
    usual, coarser, finer = (read_image(tmp_path / f"{name}.png") for name in ("usual", "coarser", "finer"))
    assert usual.shape == (1536, 2048, 3)
    assert (usual == coarser).all() and (usual != finer).any()


def test_clip_keeps_what_is_not_a_picture(program, made_clip, hub_folder, warm_hub, tmp_path):
    clip = made_clip("uneven_upside_down.mp4")
    done = program("clip", clip, "-o", "out.mp4", "--style", "glass", "--model", hub_folder, "--work-size", "96")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out.mp4" and (tmp_path / "out.mp4").exists()
    (tmp_path / "notes.txt").write_text("these are notes")
    mixed = program(
        "clip",
        "notes.txt",
        clip,
        "-o",
        "made",
        "--keep-going",
        "--model",
        hub_folder,
        "--work-size",
        "96",
        "--styles-over-time",
        "0:glass,1:ink",
    )
    assert mixed.returncode == 1 and "1 of 2 clips failed" in mixed.stderr
    assert (tmp_path / "made/uneven_upside_down.mp4").exists()


def test_openvino_is_loaded_without_what_reports_to_its_maker(tmp_path):
    write_image(tmp_path / "photo.png", read_image(_a_style()))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from realtime_nst.cli import main\n"
            "try: main(sys.argv[1:])\n"
            "finally: print([m for m in ('openvino', 'openvino_telemetry', 'tensorflow', 'av') if m in sys.modules])",
            "image",
            "photo.png",
            "-o",
            "out.png",
            "--style",
            "night",
            "--model",
            "fast",
            "--work-size",
            "64",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split("\n")[1] == "['openvino']", done.stderr


def test_styles_and_models_are_listed(program):
    styles = program("styles")
    assert styles.returncode == 0 and "night" in styles.stdout and "procedural" in styles.stdout
    models = program("models")
    assert models.returncode == 0 and "hub" in models.stdout and "fast" in models.stdout


def test_a_sheet_shows_every_style(program, hub_folder, warm_hub, tmp_path):
    done = program("styles", "--sheet", "sheet.png", "--model", hub_folder, "--work-size", "96")
    assert done.returncode == 0, done.stderr
    assert min(read_image(tmp_path / "sheet.png").shape[:2]) > 700


@pytest.mark.skipif(sys.platform == "win32", reason="Windows always knows a home folder")
@pytest.mark.parametrize("command", [["styles"], ["clip", "a.mp4", "-o", "b.mp4"], ["doctor"]])
def test_a_user_without_a_home_is_told_what_to_do(tmp_path, command):
    """As in a container that runs as any number."""
    program = (
        "import os, pwd, sys\n"
        "def getpwuid(number): raise KeyError(number)\n"
        "pwd.getpwuid = getpwuid; os.environ.pop('HOME', None)\n"
        "from realtime_nst.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 2 and "set HOME to a folder" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["clip", "secret/a.mp4", "-o", "out"], ["image", "secret/a.png", "-o", "out"]])
def test_a_folder_that_may_not_be_entered_is_named(tmp_path, command):
    """The tests may run as root, who may enter every folder: so the system's answer is a double."""
    program = (
        "import os, sys; real = os.stat\n"
        "def stat(path, *rest, **options):\n"
        "    if 'secret' in str(path): raise PermissionError(13, 'Permission denied', str(path))\n"
        "    return real(path, *rest, **options)\n"
        "os.stat = stat\n"
        "from realtime_nst.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=tmp_path, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert f"cannot reach {command[1]}: Permission denied; check the permissions" in done.stderr
