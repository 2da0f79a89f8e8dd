"""Every source: clips as cameras, network cameras over real HTTP, local cameras, and what is missing."""

import contextlib
import http.server
import socket
import threading
import time
from functools import partial

import av
import cv2
import numpy as np
import pytest
from realtime_nst.bench.camera_server import camera_server
from support.doubles import Capture, Numbered

from realtime_nst.sources.camera import Camera
from realtime_nst.sources.camera_devices import list_cameras, open_device
from realtime_nst.sources.demo import DemoSource
from realtime_nst.errors import CorruptFrameError, RunError, SourceError
from realtime_nst.sources.factory import open_source
from realtime_nst.sources.realtime import RealtimeSource


@pytest.fixture(scope="module")
def clip(made_clip):
    return made_clip("webcam.mkv")


@pytest.fixture(scope="module")
def scene():
    source = DemoSource((120, 160))
    return [source.read().image for _ in range(45)]


def frames_of(source):
    return list(iter(source.read, None))


class TestClips:
    def test_a_clip_gives_every_frame_with_its_time(self, clip):
        source = open_source(str(clip), live=False)
        frames = frames_of(source)
        source.close()
        with av.open(str(clip)) as container:
            times = [frame.time for frame in container.decode(video=0)]
        assert not source.live and source.size == (480, 640)
        assert [f.time for f in frames] == pytest.approx(times, abs=1e-3)

    def test_live_it_plays_by_the_clock(self, clip):
        source = open_source(str(clip), live=True)
        assert source.live and source.size == (480, 640)
        waits, began = [], None
        for _ in range(6):
            frame = source.read()
            now = time.perf_counter()
            began = now - frame.time if began is None else began
            waits.append(now - began - frame.time)
        source.close()
        # Never early; how late depends on the machine.
        assert min(waits) > -0.002


def test_pacing_asks_for_nothing_but_the_time():
    source = RealtimeSource(Numbered(4))
    frames = frames_of(source)
    assert [f.time for f in frames] == [n / 30 for n in range(4)]
    assert (source.name, source.fps, source.size) == ("numbered", 30.0, (48, 64))


def test_the_demo_is_a_source():
    source = open_source("demo", live=False)
    np.testing.assert_array_equal(source.read().image, DemoSource().read().image)
    assert open_source("demo").live


class TestNetworkCamera:
    def test_it_gives_the_pictures_with_times_of_arrival(self, scene):
        with camera_server(scene, fps=100) as server:
            source = open_source(server.url)
            assert isinstance(source, Camera) and source.live and not source.faces_user
            assert source.size == (120, 160)
            frames = [source.read() for _ in range(30)]
            source.close()
        times = [frame.time for frame in frames]
        assert times == sorted(times) and times[0] >= 0
        # JPEG changes pixels a little, so the picture sent is the nearest one by far.
        nearest = [min(np.abs(f.image.astype(int) - s).mean() for s in scene) for f in frames]
        assert max(nearest) < 6

    @pytest.mark.parametrize("left", [0.5, 0.02])
    def test_a_damaged_frame_is_an_error_only_where_it_is_looked_at(self, scene, left):
        with camera_server(scene, fps=100) as server:
            source = open_source(server.url)
            whole = server.jpegs[0]
            server.jpegs[:] = [whole, whole[: int(left * len(whole))]]
            frames = [source.read() for _ in range(20)]
            source.close()
        assert {self.sees(frame) for frame in frames[-4:]} == {(120, 160, 3), "damaged"}

    def sees(self, frame):
        try:
            return frame.image.shape
        except CorruptFrameError:
            return "damaged"

    def test_a_camera_whose_first_frame_is_damaged_gave_no_picture(self, scene):
        with camera_server(scene, fps=100) as server:
            server.jpegs[:] = [jpeg[:300] for jpeg in server.jpegs]
            with pytest.raises(SourceError, match="gave no picture"):
                open_source(server.url)

    def test_its_rate_is_measured(self, scene):
        """FFmpeg states 25 for both."""
        rates = []
        for fps in (8, 100):
            with camera_server(scene, fps) as server:
                source = open_source(server.url)
                rates.append(source.fps)
                source.close()
        assert rates[0] < 16 and rates[1] > 32

    def test_a_camera_that_hangs_up_is_an_error(self, scene):
        with camera_server(scene, fps=100, ends_after=80) as server:
            source = open_source(server.url)
            with pytest.raises(RunError, match="has ended or was unplugged"):
                frames_of(source)
            source.close()

    def test_a_camera_that_stalls_is_an_error(self, scene):
        with camera_server(scene, fps=100, stalls_after=80) as server:
            source = open_source(server.url, timeout=1.2)
            with pytest.raises(RunError, match="stopped sending frames"):
                frames_of(source)
            source.close()

    def test_so_is_one_that_does_while_its_rate_is_measured(self, scene):
        with camera_server(scene, fps=100, ends_after=10) as server:
            with pytest.raises(RunError, match="has ended or was unplugged"):
                open_source(server.url)
        with camera_server(scene, fps=100, stalls_after=10) as server:
            with pytest.raises(RunError, match="stopped sending frames"):
                open_source(server.url, timeout=1.2)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with pytest.raises(SourceError, match=f"127.0.0.1:{port}/x gave no picture .* browser or player"):
            open_source(f"http://127.0.0.1:{port}/x")

    def test_a_server_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            with pytest.raises(SourceError, match="gave no picture"):
                open_source(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.5)

    def test_a_clip_behind_a_url_has_an_end(self, made_clip):
        folder = made_clip("hevc.mp4").parent
        handler = partial(QuietFiles, directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            source = open_source(f"http://127.0.0.1:{server.server_port}/hevc.mp4", live=False)
            frames = frames_of(source)
            source.close()
        finally:
            server.shutdown()
            server.server_close()
        assert source.size == (128, 128) and len(frames) == 10
        assert [f.time for f in frames] == pytest.approx([n / 10 for n in range(10)], abs=0.01)


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


class TestMissing:
    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            ("0", "camera 0 cannot be opened .tried .*realtime-nst cameras.*realtime-nst demo"),
            ("no/such/clip.mp4", "there is no file no/such/clip.mp4"),
            ("clip.mp4", "there is no file clip.mp4"),
            ("Loqitech", "'Loqitech' is not a file, URL or camera"),
            ("/dev/video42", "/dev/video42 cannot be opened"),
        ],
    )
    def test_what_is_not_there_says_what_to_do(self, spec, words, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SourceError, match=words):
            open_source(spec)

    @pytest.mark.parametrize(
        ("name", "words"),
        [("", "is a folder"), ("a.png", "realtime-nst image"), ("a.mp4", "a.mp4 is not a clip")],
    )
    def test_a_folder_a_picture_and_a_text_are_no_cameras(self, tmp_path, name, words):
        (tmp_path / "a.png").write_bytes(b"x")
        (tmp_path / "a.mp4").write_text("no video\n" * 50)
        with pytest.raises(SourceError, match=words):
            open_source(str(tmp_path / name))


class TestLocalCamera:
    def test_size_and_format_are_asked_for(self):
        made = []

        def capture(*args):
            made.append(Capture(*args, opens=(2,)))
            return made[-1]

        camera = open_device("2", (1280, 720), new_capture=capture)
        assert camera.size == (720, 1280) and camera.fps == 25.0 and camera.faces_user
        assert made[0].values[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
        assert camera.read().image.shape == (720, 1280, 3)

    def test_a_camera_that_gives_no_picture_is_told_apart(self):
        with pytest.raises(SourceError, match="which gave no picture"):
            open_device("0", new_capture=partial(Capture, opens=(0,), gives=False))

    def test_a_damaged_frame_is_an_error_only_where_it_is_looked_at(self):
        camera = open_device("0", new_capture=partial(Capture, opens=(0,), damaged=(0, 3)))
        assert camera.size == (48, 64)  # of the second: the first frames of a camera are often damaged
        seen = []
        for _ in range(3):
            with contextlib.suppress(CorruptFrameError):
                seen.append(camera.read().image.shape)
        assert seen == [(48, 64, 3)] * 2

    def test_one_that_sends_nothing_whole_gave_no_picture(self):
        with pytest.raises(SourceError, match="which gave no picture"):
            open_device("0", new_capture=partial(Capture, opens=(0,), damaged=range(100)))

    def test_unplugged(self):
        made = []

        def capture(*args):
            made.append(Capture(*args, opens=(0,)))
            return made[-1]

        camera = open_device("0", new_capture=capture)
        made[0].gives = False
        with pytest.raises(RunError, match="camera 0 has ended or was unplugged"):
            camera.read()

    def test_cameras_are_listed_with_a_measured_rate(self):
        found = list_cameras(0.1, new_capture=partial(Capture, opens=(1, 3)))
        assert [(c.index, c.name, c.size) for c in found] == [
            (1, "camera 1", (48, 64)),
            (3, "camera 3", (48, 64)),
        ]
        assert all(1 < c.fps <= 41 for c in found)
