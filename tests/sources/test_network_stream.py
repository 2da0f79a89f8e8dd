"""Network cameras and clips behind URLs, over real HTTP."""

import socket

import numpy as np
import pytest
from support.file_server import served
from support.scenes import scene_frames

from realtime_nst.bench.camera_server import camera_server
from realtime_nst.errors import CorruptFrameError, RunError, SourceError
from realtime_nst.sources.camera import Camera
from realtime_nst.sources.factory import open_source


@pytest.fixture(scope="module")
def scene():
    return [frame.image for frame in scene_frames(45, (120, 160))]


def frames_of(source):
    return list(iter(source.read, None))


def test_it_gives_the_pictures_with_times_of_arrival(scene):
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


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SourceError, match=f"127.0.0.1:{port}/x delivered no frame .* browser or player"):
        open_source(f"http://127.0.0.1:{port}/x")


def test_a_server_that_says_nothing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(SourceError, match="delivered no frame"):
            open_source(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.5)


def test_a_clip_behind_a_url_has_an_end(made_clip):
    with served(made_clip("hevc.mp4")) as url:
        source = open_source(url, live=False)
        frames = frames_of(source)
        source.close()
    assert source.size == (128, 128) and len(frames) == 10
    assert [f.time for f in frames] == pytest.approx([n / 10 for n in range(10)], abs=0.01)
