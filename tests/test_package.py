"""The package as it is installed."""

import ast
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import realtime_nst

ROOT = Path(__file__).parents[1]


def test_public_names_are_typed_and_load():
    tree = ast.parse(Path(realtime_nst.__file__).read_text(encoding="utf-8"))
    guard = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name for node in guard.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed | {"__version__"} == set(realtime_nst.__all__)
    assert all(getattr(realtime_nst, name) is not None for name in realtime_nst.__all__)
    assert realtime_nst.__version__ == version("realtime-nst")
    assert Path(realtime_nst.__file__).with_name("py.typed").exists()


@pytest.mark.parametrize(
    ("old", "new"), [("Look", "RenderParams"), ("read_picture", "read_image"), ("write_picture", "write_image")]
)
def test_former_names_still_work_and_say_what_they_are_called_now(old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is now called {new}"):
        assert getattr(realtime_nst, old) is getattr(realtime_nst, new)


def test_a_frame_s_former_field_still_works():
    frame = realtime_nst.Frame(np.zeros((2, 2, 3), np.uint8), 0.0)
    with pytest.warns(DeprecationWarning, match=r"Frame\.image"):
        assert frame.picture is frame.image


def test_importing_loads_no_runtime():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, realtime_nst, realtime_nst.cli.app, realtime_nst.live.run\n"
            "import realtime_nst.offline.clip, realtime_nst.offline.image\n"
            "print([m for m in ('tensorflow', 'openvino', 'keras', 'tensorflow_hub') if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "module",
    [
        "offline.clip",
        "sources.clip",
        "sinks.clip.stream_copy",
        "live.run",
        "sinks.recorder",
        "sources.factory",
        "sinks.virtual_camera",
        "sinks.window",
    ],
)
def test_opencv_is_loaded_before_pyav(module):
    """In the other order, OpenCV's window hangs once a stream has been opened."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, realtime_nst.{module}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert "av" not in loaded or loaded.index("cv2") < loaded.index("av")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_styles_the_weights_and_the_pages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        files = {info.filename: info.file_size for info in archive.infolist()}
    assert "realtime_nst/shipped_styles/styles.toml" in files
    assert {f"realtime_nst/web/pages/{name}" for name in ("video.html", "control.html", "watch.js")} <= set(files)
    assert sum(name.endswith(".jpg") for name in files) >= 6
    weights = sum(size for name, size in files.items() if "/fast_weights/" in name)
    assert 100_000 < weights <= 4 << 20
    assert not any(name.startswith(("tests/", "styles/")) for name in files)


def test_the_installed_wheel_runs_away_from_the_checkout(wheel, tmp_path):
    """Installed beside the dependencies that are here; without them it is what pip does for any wheel."""
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel],
        check=True,
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "import realtime_nst; assert realtime_nst.__file__.startswith(sys.argv[1]), realtime_nst.__file__\n"
            "from realtime_nst.cli.app import main\n"
            "main(['demo', '--headless', '--frames', '3', '--style', 'night', '--work-size', '96', '--model', 'fast'])",
            str(tmp_path / "site"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "3 frames" in done.stderr
