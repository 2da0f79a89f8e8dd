"""Network cameras and clips behind URLs, over real HTTP."""

import contextlib
import errno
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from support.file_server import served
from support.network_camera import HABITS, live_hls, network_camera
from support.scenes import scene_frames

from realtime_nst.bench.camera_server import camera_server
from realtime_nst.errors import CorruptFrameError, RunError, SourceError
from realtime_nst.sources.factory import ReconnectingSource, open_source
from realtime_nst.sources.streams.address import why_not


@pytest.fixture(scope="module")
def scene():
    return [frame.image for frame in scene_frames(45, (120, 160))]


def frames_of(source):
    return list(iter(source.read, None))


def test_it_gives_the_pictures_with_times_of_arrival(scene):
    with camera_server(scene, fps=100) as server:
        source = open_source(server.url)
        assert isinstance(source, ReconnectingSource) and source.live and not source.faces_user
        assert source.size == (120, 160)
        frames = [source.read() for _ in range(30)]
        source.close()
    times = [frame.time for frame in frames]
    assert times == sorted(times) and times[0] >= 0
    # JPEG changes pixels a little, so the picture sent is the nearest one by far.
    nearest = [min(np.abs(f.image.astype(int) - s).mean() for s in scene) for f in frames]
    assert max(nearest) < 6


@pytest.mark.parametrize("left", [0.5, 0.02])
def test_a_damaged_frame_is_an_error_only_where_it_is_looked_at(scene, left):
    with camera_server(scene, fps=100) as server:
        source = open_source(server.url)
        whole = server.jpegs[0]
        server.jpegs[:] = [whole, whole[: int(left * len(whole))]]
        frames = [source.read() for _ in range(20)]
        source.close()
    assert {sees(frame) for frame in frames[-4:]} == {(120, 160, 3), "damaged"}


def sees(frame):
    try:
        return frame.image.shape
    except CorruptFrameError:
        return "damaged"


def test_a_camera_whose_first_frame_is_damaged_gave_no_picture(scene):
    with camera_server(scene, fps=100) as server:
        server.jpegs[:] = [jpeg[:300] for jpeg in server.jpegs]
        with pytest.raises(SourceError, match="delivered no frame"):
            open_source(server.url)


def test_its_rate_is_measured(scene):
    """FFmpeg states 25 for both."""
    rates = []
    for fps in (8, 100):
        with camera_server(scene, fps) as server:
            source = open_source(server.url)
            rates.append(source.fps)
            source.close()
    assert rates[0] < 16 and rates[1] > 32


def test_a_camera_that_hangs_up_is_an_error(scene):
    with camera_server(scene, fps=100, ends_after=80) as server:
        source = open_source(server.url)
        with pytest.raises(RunError, match="has ended or was unplugged"):
            frames_of(source)
        source.close()


def test_a_camera_that_stalls_is_an_error(scene):
    with camera_server(scene, fps=100, stalls_after=80) as server:
        source = open_source(server.url, timeout=1.2)
        with pytest.raises(RunError, match="stopped sending frames"):
            frames_of(source)
        source.close()


def test_so_is_one_that_does_while_its_rate_is_measured(scene):
    with camera_server(scene, fps=100, ends_after=10) as server:
        with pytest.raises(RunError, match="has ended or was unplugged"):
            open_source(server.url)
    with camera_server(scene, fps=100, stalls_after=10) as server:
        with pytest.raises(RunError, match="stopped sending frames"):
            open_source(server.url, timeout=1.2)


class TestWhyAStreamCannotBeOpened:
    def refusal(self, url, **more):
        with pytest.raises(SourceError) as reason:
            open_source(url, **more)
        assert "secret" not in str(reason.value)
        return str(reason.value)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        assert self.refusal(f"http://admin:secret@127.0.0.1:{port}/x?user=me&password=secret&size=2") == (
            f"the stream http://127.0.0.1:{port}/x?user=***&password=***&size=2 cannot be opened: 127.0.0.1 refuses "
            "connections to this port; check the port, and whether the server runs"
        )

    def test_a_server_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            assert "127.0.0.1 has not answered within 0.5 s" in self.refusal(url, timeout=0.5)

    def test_a_password_is_asked_for(self, scene):
        with network_camera(scene, password="admin:p@ss") as camera:
            assert "(401): http://USER:PASSWORD@HOST/PATH" in self.refusal(camera.url)
            wrong = camera.url.replace("//", "//admin:secret@")
            assert "does not accept this user name and password (401)" in self.refusal(wrong)
            with contextlib.closing(open_source(camera.url.replace("//", "//admin:p%40ss@"))) as source:
                assert source.size == (120, 160) and "p%40ss" not in source.name

    @pytest.mark.parametrize(
        ("status", "words"),
        [(403, "refuses it (403)"), (404, "nothing at this path (404)"), (410, "(4xx)"), (503, "has failed (5xx)")],
    )
    def test_the_server_s_answer_is_told(self, scene, status, words):
        with network_camera(scene, status=status) as camera:
            assert words in self.refusal(camera.url)

    def test_a_web_page_is_no_stream(self, tmp_path):
        (tmp_path / "index.html").write_text("<html>" + "camera " * 200)
        with served(tmp_path / "index.html") as url:
            assert "is no video that can be played as it arrives" in self.refusal(url)

    @pytest.mark.parametrize(
        ("number", "words"),
        [(errno.EHOSTUNREACH, "there is no route to 192.0.2.1"), (errno.ENETUNREACH, "there is no route to 192.0.2.1")],
    )
    def test_no_route(self, number, words):
        assert words in why_not("rtsp://admin:secret@192.0.2.1/", OSError(number, "No route to host"), 5)

    def test_a_scheme_that_nothing_speaks(self):
        assert "foo:// is not supported" in self.refusal("foo://127.0.0.1/")

    def test_a_snapshot_is_a_single_picture(self, scene):
        with network_camera(scene, snapshot=True) as camera:
            assert "is a single picture, no stream" in self.refusal(camera.url)


@pytest.mark.parametrize("habit", HABITS)
def test_what_browsers_forgive(scene, habit):
    """The images come whole and in order."""
    greys = [np.full((48, 64, 3), 5 * level, np.uint8) for level in range(50)]
    with (
        network_camera(greys, fps=50, **HABITS[habit]) as camera,
        contextlib.closing(open_source(camera.url)) as source,
    ):
        levels = [round(source.read().image.mean() / 5) for _ in range(20)]
    assert levels == [(levels[0] + number) % 50 for number in range(20)]


def test_a_stream_in_segments_is_played_by_its_own_times(tmp_path):
    """It comes in lumps: by their times of arrival, 39 of 40 frames would have been dropped."""
    with live_hls(tmp_path, segment=1.0, fps=20, count=6) as url, contextlib.closing(open_source(url)) as source:
        began, frames = time.perf_counter(), []
        for _ in range(50):
            frames.append(source.read())
            # Never early; how late depends on the machine.
            assert time.perf_counter() - began > frames[-1].time - frames[0].time - 0.002
    assert source.fps == 20 and source.size == (64, 96)
    times = [frame.time for frame in frames]
    assert np.diff(times) == pytest.approx(0.05, abs=0.5) and times == sorted(times)
    levels = np.array([frame.image.mean() for frame in frames])
    assert np.diff(levels) == pytest.approx(2, abs=1.1), "no frame is left out"


def test_a_stream_in_segments_that_comes_to_its_end(tmp_path):
    with live_hls(tmp_path, segment=0.5, fps=20, count=5, ends=True) as url:
        source = open_source(url, reconnect=30)
        assert isinstance(source, ReconnectingSource)
        frames = frames_of(source)
        source.close()
    assert frames and source.messages[-1] == f"{url} is finished" and source.waiting == ""


def test_a_stream_in_segments_whose_server_ends_is_lost(tmp_path):
    """FFmpeg does not tell this from the end of the stream."""
    with live_hls(tmp_path, segment=0.5, fps=20, count=50) as url:
        source = open_source(url, reconnect=0.5)
        source.read()
    with pytest.raises(RunError, match=r"did not come back within 0\.5 s .*refuses connections"):
        frames_of(source)
    source.close()


def test_a_finished_stream_in_segments_is_a_clip(tmp_path):
    with live_hls(tmp_path, segment=0.5, fps=20, count=3, finished=True) as url:
        source = open_source(url, live=False)
        frames = frames_of(source)
        source.close()
    assert len(frames) == 30 and not source.live
    assert [frame.time for frame in frames] == pytest.approx([n / 20 for n in range(30)])


def test_a_clip_whose_server_hangs_up_is_an_error_that_counts(made_clip, tmp_path):
    class HangsUp(BaseHTTPRequestHandler):
        def do_GET(self):
            data = made_clip("no_duration.webm").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) * 2 // 3])

        def log_message(self, *_args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), HangsUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = open_source(f"http://127.0.0.1:{server.server_port}/a.webm", live=False)
        with pytest.raises(RunError, match=r"/a\.webm broke off after \d+ frames; try again"):
            frames_of(source)
        source.close()
        server.shutdown()


def test_a_clip_behind_a_url_has_an_end(made_clip):
    with served(made_clip("hevc.mp4")) as url:
        source = open_source(url, live=False)
        frames = frames_of(source)
        source.close()
    assert source.size == (128, 128) and len(frames) == 10
    assert [f.time for f in frames] == pytest.approx([n / 10 for n in range(10)], abs=0.01)
