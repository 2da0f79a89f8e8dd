"""The broadcast: real clients over HTTP, one of them Chromium, and a live run that serves."""

import contextlib
import ipaddress
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.errors import DeviceError
from realtime_nst.frames import Frame
from realtime_nst.media.images import read_image
from realtime_nst.sources.factory import open_source
from realtime_nst.web.broadcast import Broadcast, Listener
from realtime_nst.web.server import MjpegServer


@contextlib.contextmanager
def on_air(images, fps: float = 60.0):
    """A broadcast that sends `images` over and over."""
    broadcast, ended = Broadcast(Listener("127.0.0.1", 0)), threading.Event()

    def feed():
        number = 0
        while not ended.wait(1 / fps):
            broadcast.write(Frame(images[number % len(images)], number / fps))
            number += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield broadcast
    finally:
        ended.set()
        thread.join()
        broadcast.close()


@pytest.fixture(scope="module")
def scene():
    return scene_image((240, 320))


def abs_difference(one, other) -> float:
    return float(np.abs(one.astype(int) - other).mean())


def test_connections_beyond_the_limit_are_closed_and_idle_ones_end(scene, monkeypatch):
    monkeypatch.setattr(MjpegServer, "most_connections", 3)
    monkeypatch.setattr("realtime_nst.web.server._Handler.timeout", 1.0)
    with on_air([scene]) as broadcast, contextlib.ExitStack() as clients:
        address = urllib.parse.urlsplit(broadcast.url)
        idle = [clients.enter_context(socket.create_connection((address.hostname, address.port), 30)) for _ in range(3)]
        with socket.create_connection((address.hostname, address.port), 30) as fourth:
            assert fourth.recv(1) == b""
        assert [client.recv(1) for client in idle] == [b""] * 3
        assert urllib.request.urlopen(broadcast.url, timeout=10).status == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
def test_it_listens_on_ipv6():
    with contextlib.closing(Listener("::1", 0)) as listener:
        assert listener.url.startswith("http://[::1]:")
        socket.create_connection(("::1", listener.socket.getsockname()[1]), 10).close()


def test_the_address_for_others_is_one_that_phones_can_open():
    with contextlib.closing(Listener("0.0.0.0", 0)) as listener:
        host = urllib.parse.urlsplit(listener.url).hostname
    assert host == socket.gethostname() or ipaddress.ip_address(host).version == 4


def test_a_broadcast_is_a_network_camera(scene):
    with on_air([scene, 255 - scene]) as broadcast:
        source = open_source(broadcast.url + "video.mjpg")
        images = [source.read().image for _ in range(20)]
        source.close()
    differences = [(abs_difference(each, scene), abs_difference(each, 255 - scene)) for each in images]
    assert max(min(each) for each in differences) < 4  # JPEG
    assert {np.argmin(each) for each in differences} == {0, 1}


@pytest.mark.browser
def test_a_browser_shows_the_video(scene, tmp_path):
    with on_air([scene]) as broadcast:
        # A stream never finishes loading: the screenshot is taken at the timeout.
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--window-size=640,480",
                "--timeout=3000",
                f"--screenshot={tmp_path / 'shot.png'}",
                broadcast.url,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    shot = read_image(tmp_path / "shot.png")
    # The page is twice as large as the frame, which fills it.
    assert shot.shape == (480, 640, 3)
    assert abs_difference(shot[::2, ::2], scene) < 6


def test_a_client_that_reads_nothing_delays_no_other(scene):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    with on_air([noise, scene]) as broadcast, socket.create_connection(("127.0.0.1", port_of(broadcast))) as stuck:
        stuck.sendall(b"GET /video.mjpg HTTP/1.0\r\n\r\n")
        other = open_source(broadcast.url + "video.mjpg")
        # Far more than the system buffers for the first client.
        for _ in range(60):
            other.read()
        other.close()


def test_a_client_gets_the_newest_frame_at_once_and_then_the_end(scene):
    broadcast = Broadcast(Listener("127.0.0.1", 0))
    for number in range(3):
        broadcast.write(Frame(np.full_like(scene, 100 * number), float(number)))
    with urllib.request.urlopen(broadcast.url + "video.mjpg", timeout=10) as answer:
        length = int(re.search(rb"Content-Length: (\d+)", answer.read(70)).group(1))
        ending = threading.Timer(0.2, broadcast.close)
        ending.start()
        rest = answer.read()
    ending.join()
    assert length <= len(rest) < 2 * length, "one image, although three were written, and then the end"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(broadcast)))


def test_other_addresses_are_not_found(scene):
    with on_air([scene]) as broadcast, pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(broadcast.url + "etc/passwd")


def test_a_port_in_use_is_an_error_that_suggests_another(scene):
    with on_air([scene]) as broadcast, pytest.raises(DeviceError, match=r"cannot listen at .* in use; .*--serve \d+"):
        Listener("127.0.0.1", port_of(broadcast))


def test_a_live_run_serves_its_frames():
    """From the command line: frames are stylized, and a signal ends the run cleanly."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "realtime_nst",
            "demo",
            "--headless",
            "--serve",
            "0",
            "--model",
            "fast",
            "--style",
            "ink",
            "--work-size",
            "160",
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.search(r"http://\S+/video.mjpg", process.stderr.readline()).group()
        source = open_source(address, timeout=60)
        frames = [source.read() for _ in range(30)]
        # With a client the demo keeps to its frame rate, also without a window.
        began = time.perf_counter()
        while time.perf_counter() - began < 1:
            frames.append(source.read())
        source.close()
        assert frames[-1].image.shape == (480, 640, 3)
        # Ink is grey; the scene has colours.
        assert np.ptp(frames[-1].image.reshape(-1, 3), axis=1).mean() < 40
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0 and "Traceback" not in errors
    shown, seconds = re.search(r"(\d+) frames in ([\d.]+) s", errors).groups()
    assert int(shown) <= 30 * float(seconds) + 3


def port_of(broadcast: Broadcast) -> int:
    port = urllib.parse.urlsplit(broadcast.url).port
    assert port is not None
    return port
