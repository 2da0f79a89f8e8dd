"""Live runs from their options with the real hub model: clips, network cameras, signals, bad input."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from support import ROOT
from support.network_camera import network_camera
from support.scenes import scene_frames

from realtime_nst.bench.camera_server import camera_server
from realtime_nst.errors import DeviceError, InputError, ModelError, OutputError, RunError, SourceError, StyleError
from realtime_nst.live.run import LiveOptions, run_live
from realtime_nst.styles.library import Style


@pytest.fixture(scope="module")
def clip(made_clip):
    return made_clip("webcam.mkv")


@pytest.fixture(scope="module")
def styles(paintings):
    return [Style(path.stem, path) for path in paintings[:3]]


@pytest.fixture
def go(hub_folder, styles):
    """Run headless at a small processing size; returns the statistics and the messages."""

    def run(source, **more):
        messages = []
        options = {"headless": True, "model": str(hub_folder), "processing_size": 128, "styles": styles} | more
        stats = run_live(LiveOptions(source=str(source), **options), messages.append)
        return stats, messages

    return run


def frames_of(path):
    with av.open(str(path)) as container:
        return [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


class TestClip:
    def test_sixty_frames_are_recorded_stylized_and_counted(self, go, clip, tmp_path):
        out, statistics = tmp_path / "out.mp4", tmp_path / "s.json"
        stats, messages = go(clip, frames=60, record=out, stats=statistics)
        written = json.loads(statistics.read_text())
        assert written == json.loads(json.dumps(stats.as_dict()))
        assert (written["frames"], written["dropped"], written["style_encodes"]) == (60, 0, 1)
        assert written["frame_size"] == [480, 640] and written["processing_size"] == [96, 128]
        assert written["runtime"].split()[0] in ("OpenVINO", "TensorFlow") and written["device"]
        recorded, originals = frames_of(out), frames_of(clip)[:60]
        assert len(recorded) == 60
        assert [t for t, _ in recorded] == pytest.approx([t - originals[0][0] for t, _ in originals], abs=1e-3)
        abs_difference = [np.abs(a.astype(int) - b).mean() for (_, a), (_, b) in zip(recorded, originals)]
        assert min(abs_difference) > 10
        assert any(str(out) in line for line in messages)

    def test_strength_0_records_the_original(self, go, clip, tmp_path):
        go(clip, frames=5, strength=0.0, record=tmp_path / "out.mp4")
        pairs = zip(frames_of(tmp_path / "out.mp4"), frames_of(clip))
        assert max(np.abs(a.astype(int) - b).mean() for (_, a), (_, b) in pairs) < 4

    def test_mirror(self, go, clip, tmp_path):
        go(clip, frames=2, strength=0.0, mirror=True, record=tmp_path / "out.mp4")
        (_, mirrored), (_, original) = frames_of(tmp_path / "out.mp4")[0], frames_of(clip)[0]
        assert np.abs(mirrored.astype(int) - original[:, ::-1]).mean() < 4

    def test_a_run_without_a_limit_ends_with_the_clip(self, go, clip, tmp_path):
        stats, _ = go(clip, record=tmp_path / "out.mp4", processing_size=64)
        assert stats.frames == len(frames_of(clip)) == len(frames_of(tmp_path / "out.mp4"))

    def test_model_runtime_and_device_are_reported_at_the_start(self, go, clip):
        stats, messages = go(clip, frames=1)
        words = (stats.model, stats.runtime, stats.device)
        assert any(all(word in line for word in words) for line in messages)

    def test_a_size_that_the_source_cannot_have_is_reported(self, go, clip):
        _, messages = go(clip, frames=1, size=(320, 240))
        assert any("--size" in line and "640x480" in line for line in messages)


def test_the_demo_needs_no_file(go, tmp_path):
    stats, _ = go("demo", seconds=0.5, record=tmp_path / "out.mp4")
    assert stats.frames == 15 and stats.dropped == 0
    assert [t for t, _ in frames_of(tmp_path / "out.mp4")] == pytest.approx([n / 30 for n in range(15)], abs=1e-3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_run_that_goes_on_without_its_recording_fails_in_the_end(go, tmp_path):
    """With viewers or a window the run goes on; whoever started it must still learn that the file is not there."""
    (tmp_path / "out.mp4").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"the run went on, but not all was recorded: .*out.mp4"):
        go("demo", frames=40, serve=("127.0.0.1", 0), record=tmp_path / "out.mp4", stats=tmp_path / "s.json")
    assert json.loads((tmp_path / "s.json").read_text())["frames"] == 40


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_statistics_that_cannot_be_written_are_an_error_in_words(go):
    with pytest.raises(RunError, match="cannot write --stats /dev/full: No space left on device"):
        go("demo", frames=1, stats=Path("/dev/full"))


def test_a_network_camera_is_recorded_with_its_own_times(go, tmp_path, clip):
    images = [image for _, image in frames_of(clip)]
    with camera_server(images, fps=30.0) as server:
        # Not 2.0: a frame is due then, and would be recorded or not by chance.
        stats, _ = go(server.url, seconds=1.98, record=tmp_path / "out.mp4")
    times = [t for t, _ in frames_of(tmp_path / "out.mp4")]
    # However many frames this machine stylizes, each is recorded with its own time.
    assert len(times) == stats.frames > 1
    assert 1.0 < times[-1] < 2.0 and np.all(np.diff(times) > 0)
    # Frames that queued up while the model was loaded are not shown late.
    assert stats.frames + stats.dropped <= 66


def test_a_frame_rate_that_cannot_be_held_gives_the_smallest_processing_size(go, clip):
    images = [image for _, image in frames_of(clip)[:10]]
    with camera_server(images) as server:
        stats, _ = go(server.url, frames=2, model="fast", processing_size=None, fps_target=1e6)
    assert stats.frame_size == (480, 640) and stats.processing_size == (192, 256)


def test_a_frame_rate_for_a_file_without_a_window_is_reported_as_unused(go, clip):
    stats, messages = go(clip, frames=1, model="fast", processing_size=None, fps_target=15)
    assert stats.processing_size == (288, 384) and any("--fps-target has no effect" in line for line in messages)


def test_a_camera_that_hangs_up_leaves_its_recording_and_an_error(go, tmp_path):
    images = [frame.image for frame in scene_frames(30, (120, 160))]
    out = tmp_path / "out.mp4"

    def hang_up_when_recorded(server):
        while not (out.exists() and out.stat().st_size > 10_000) and not server.closing.wait(0.05):
            pass
        server.closing.set()

    with camera_server(images) as server:
        threading.Thread(target=hang_up_when_recorded, args=[server], daemon=True).start()
        with pytest.raises(RunError, match="has ended or was unplugged"):
            go(server.url, record=out, reconnect=0)
    assert len(frames_of(out)) > 1


def test_a_recording_goes_on_while_the_camera_is_away(go, tmp_path):
    out = tmp_path / "out.mp4"

    def go_away_and_come_back(camera):
        while not (out.exists() and out.stat().st_size > 5_000):
            time.sleep(0.05)
        camera.off()
        time.sleep(1)
        camera.on()

    with network_camera([frame.image for frame in scene_frames(30, (120, 160))]) as camera:
        thread = threading.Thread(target=go_away_and_come_back, args=[camera], daemon=True)
        thread.start()
        stats, messages = go(camera.url, seconds=6, record=out)
        assert camera.connections == 2
    assert any("waiting up to 60 s for it" in line for line in messages)
    assert any(" is back after " in line for line in messages)
    times = [moment for moment, _ in frames_of(out)]
    assert len(times) == stats.frames and 5 < times[-1] < 6 and np.all(np.diff(times) > 0)


class TestStyles:
    @pytest.fixture
    def torn(self, tmp_path):
        path = tmp_path / "torn.jpg"
        path.write_bytes(b"not an image")
        return Style("torn", path)

    def test_an_unreadable_style_is_reported_and_the_next_one_used(self, go, clip, styles, torn, tmp_path):
        stats, messages = go(clip, frames=2, styles=[torn, styles[0]])
        assert stats.style_encodes == 1 and any("torn.jpg" in line for line in messages)

    def test_no_readable_style_ends_the_run(self, go, clip, torn):
        with pytest.raises(StyleError, match="torn.jpg"):
            go(clip, frames=2, styles=[torn])


class TestBadInput:
    """Bad input is found before anything is opened, loaded or written."""

    @pytest.mark.parametrize(
        ("more", "error", "words"),
        [
            ({}, InputError, "--headless opens no window: add --record FILE"),
            ({"record": "no/such/folder/out.mp4"}, OutputError, "cannot write .*out.mp4: No such file"),
            ({"record": "out.gif"}, OutputError, "must end in .mp4"),
            ({"frames": 1, "stats": "no/such/folder/s.json"}, OutputError, "s.json"),
            ({"frames": 1, "model": "no/such/model"}, ModelError, "no/such/model"),
        ],
    )
    def test_one_message_says_what_to_do(self, go, clip, tmp_path, monkeypatch, more, error, words):
        monkeypatch.chdir(tmp_path)
        more = {name: Path(value) if name in ("record", "stats") else value for name, value in more.items()}
        with pytest.raises(error, match=words):
            go(clip, **more)
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_camera(self, go):
        with pytest.raises(SourceError, match="camera 7 cannot be opened"):
            go("7", frames=1)

    def test_recording_over_the_clip_that_is_read(self, go, tmp_path, clip):
        copy = tmp_path / "a.mkv"
        copy.write_bytes(clip.read_bytes())
        with pytest.raises(OutputError, match="is the clip that is being read"):
            go(copy, record=copy)
        assert copy.read_bytes() == clip.read_bytes()

    def test_no_display(self, go, clip, monkeypatch):
        if not sys.platform.startswith("linux"):
            pytest.skip("needs X11: other systems always have a display")
        monkeypatch.delenv("DISPLAY", raising=False)
        with pytest.raises(DeviceError, match="--headless --record FILE"):
            go(clip, headless=False)


class TestEndedBySignals:
    @pytest.fixture
    def program(self, hub_folder, styles, tmp_path):
        """The program while it records a network camera, once a second of video has reached the disk."""
        images = [frame.image for frame in scene_frames(90, (120, 160))]
        out = tmp_path / "out.mp4"
        with camera_server(images) as server:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "realtime_nst",
                    "live",
                    "--camera",
                    server.url,
                    "--headless",
                    "--model",
                    str(hub_folder),
                    "--style",
                    str(styles[0].path),
                    "--record",
                    str(out),
                ],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                while not out.exists() or out.stat().st_size < 60_000:
                    assert process.poll() is None, process.stderr.read()
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.05)
                yield process, out
            finally:
                process.kill()
                process.wait()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)])
    def test_a_signal_is_a_clean_end(self, program, number):
        process, out = program
        process.send_signal(number)
        errors = process.communicate(timeout=30)[1]
        assert process.returncode == 0, errors
        assert f"recorded {out}" in errors
        assert "Traceback" not in errors
        with av.open(str(out)) as container:
            # The header of a finished file states its length.
            stated = container.streams.video[0].frames
        assert stated == len(frames_of(out)) > 10

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL, which this system does not have")
    def test_a_kill_leaves_what_reached_the_disk(self, program):
        process, out = program
        process.send_signal(signal.SIGKILL)
        process.wait()
        times = [t for t, _ in frames_of(out)]
        assert len(times) > 10 and times[0] == 0 and np.all(np.diff(times) > 0)
