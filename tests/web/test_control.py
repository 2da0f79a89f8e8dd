"""Remote control: real requests, a real browser with a simulated user, and a live run that is controlled."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from support.desktop import desktop

from realtime_nst.errors import StyleError
from realtime_nst.frames import Frame
from realtime_nst.keys import KEYS, Keyboard
from realtime_nst.media.images import read_image
from realtime_nst.web.broadcast import Broadcast, Listener
from realtime_nst.web.control import Control

STYLES = {"red": (0, 0, 200), "green": (0, 200, 0), "blue": (200, 0, 0)}


def torn():
    raise StyleError("torn.jpg is not an image")


@pytest.fixture
def session(plain_session):
    """A real session of three plain styles and an unreadable one."""
    styles = [(name, lambda bgr=bgr: np.full((40, 80, 3), bgr, np.uint8)) for name, bgr in STYLES.items()]
    return plain_session([*styles, ("torn", torn)])[0]


@pytest.fixture
def control(session):
    return Control("token", session, Keyboard(session))


@pytest.fixture
def address(control):
    broadcast = Broadcast(Listener("127.0.0.1", 0), control)
    broadcast.write(Frame(np.full((48, 64, 3), 128, np.uint8), 0.0))
    yield f"{broadcast.url}control/token/"
    broadcast.close()


def get(address):
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read()


def post(address, body=b""):
    with urllib.request.urlopen(urllib.request.Request(address, body, method="POST"), timeout=10) as answer:
        return answer.status


def refused(call):
    with pytest.raises(urllib.error.HTTPError) as reason:
        call()
    return reason.value.code, reason.value.read().decode()


class TestRequests:
    def test_a_key_is_pressed_by_the_thread_that_executes_commands(self, address, control, session):
        assert post(f"{address}press/space") == 204
        assert not session.original
        control.execute()
        assert session.original

    @pytest.mark.parametrize("value", ["0.25", "1", "0"])
    def test_a_value_is_set(self, address, control, session, value):
        assert post(f"{address}strength/{value}") == 204
        control.execute()
        assert session.params.strength == float(value)

    @pytest.mark.parametrize("value", ["1.5", "-1", "nan", "much", ""])
    def test_a_value_that_is_no_share_is_refused(self, address, value):
        status, reason = refused(lambda: post(f"{address}strength/{value}"))
        assert (status, reason) == (404, f"strength is a number from 0 to 1, not {value!r}\n")

    def test_the_body_of_a_request_is_ignored(self, address, control, session):
        assert post(f"{address}press/{urllib.parse.quote('[')}", b"x" * 30_000) == 204
        control.execute()
        assert session.params.strength == 0.9

    def test_every_key_can_be_pressed(self, address):
        for name in [name for key in KEYS for name in key.keys]:
            assert post(f"{address}press/{urllib.parse.quote(name)}") == 204

    def test_the_stroke_size_is_one_of_those_in_the_state(self, address, control, session):
        assert post(f"{address}stroke-size/256") == 204
        control.execute()
        state = json.loads(get(f"{address}state"))
        assert state["stroke_size"] == 256 and state["stroke_sizes"][:3] == [128, 160, 192]
        status, reason = refused(lambda: post(f"{address}stroke-size/257"))
        assert status == 404 and "256" in reason

    @pytest.mark.parametrize("path", ["style/blue", "styles/2"])
    def test_a_style_is_chosen_by_name_or_number(self, address, control, session, path):
        assert post(address + path) == 204
        control.execute()
        assert session.state()["requested"] == 2

    def test_the_state_shows_what_was_pressed(self, address, control):
        for key in ("n", "c", "m"):
            post(f"{address}press/{key}")
        control.execute()
        state = json.loads(get(f"{address}state"))
        assert state["styles"] == [*STYLES, "torn"] and state["requested"] == 1
        assert (state["original"], state["strength"], state["keep_colors"], state["mirror"]) == (False, 1.0, True, True)
        assert state["recording"] is None and state["fps"] == 0

    def test_a_style_has_a_thumbnail(self, address):
        image = cv2.imdecode(np.frombuffer(get(f"{address}styles/1"), np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (160, 320, 3) and np.abs(image - np.array([0, 200, 0])).max() < 4

    @pytest.mark.parametrize("path", ["press/z", "style/grey", "styles/9", "styles/-1"])
    def test_an_unknown_name_is_refused_with_the_known_ones(self, address, path):
        status, reason = refused(lambda: post(address + path))
        assert status == 404 and path.split("/")[1] in reason
        assert "space" in reason or "red green blue torn" in reason or "0 1 2 3" in reason

    @pytest.mark.parametrize("path", ["styles/3", "styles/9", "styles/x", "press/n", "nothing"])
    def test_other_paths_are_not_found(self, address, path):
        assert refused(lambda: get(address + path))[0] == 404

    def test_without_the_token_nothing_is_found(self, address, control, session):
        other = address.replace("token", "other")
        for call in (lambda: get(other), lambda: get(f"{other}state"), lambda: post(f"{other}press/space")):
            assert refused(call)[0] == 404
        control.execute()
        assert not session.original
        assert b"control" not in get(address.replace("control/token/", ""))

    def test_the_address_without_its_slash_redirects_to_the_page(self, address):
        with urllib.request.urlopen(address.rstrip("/"), timeout=10) as answer:
            assert answer.url == address and b"<title>realtime-nst: control</title>" in answer.read()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Host": "evil.example"}, 403),
            ({"Host": "evil.example:80"}, 403),
            ({"Host": "127.0.0.1.evil.example"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Host": "localhost"}, 200),
            ({"Host": "[::1]:8090"}, 200),
        ],
    )
    def test_a_page_of_another_site_that_points_its_name_here_sees_nothing(self, address, headers, status):
        for path in ("state", "../../video.mjpg"):
            request = urllib.request.Request(urllib.parse.urljoin(address, path), headers=headers, method="HEAD")
            if status == 200:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    assert answer.status == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"
                    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                    assert answer.read() == b""
            else:
                with pytest.raises(urllib.error.HTTPError) as reason:
                    urllib.request.urlopen(request, timeout=10)
                assert reason.value.code == status

    @pytest.mark.parametrize("length", ["9" * 5000, "-1", "²", ""])
    def test_an_absurd_content_length_is_answered(self, address, length):
        url = urllib.parse.urlsplit(address)
        with socket.create_connection((url.hostname, url.port), timeout=10) as client:
            head = f"POST {url.path}press/space HTTP/1.0\r\nContent-Length: {length}\r\n\r\n"
            client.sendall(head.encode())
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100).startswith(b"HTTP/1.0 204")

    def test_a_part_of_the_token_is_not_found(self, address):
        assert refused(lambda: get(address.rstrip("/")[:-1]))[0] == 404

    def test_a_request_before_the_session_exists_waits_for_it(self, session):
        with contextlib.closing(Listener("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
            request = pool.submit(post, f"{listener.url}control/token/press/space")
            time.sleep(0.3)  # The model is loading.
            control = Control("token", session, Keyboard(session))
            with contextlib.closing(Broadcast(listener, control)):
                assert request.result(timeout=10) == 204
                control.execute()
        assert session.original


@contextlib.contextmanager
def browser(display, address, folder):
    """Chromium with a single window, which shows `address`."""
    process = subprocess.Popen(
        [
            "chromium",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--no-default-browser-check",
            f"--user-data-dir={folder / 'profile'}",
            "--window-size=1000,780",
            "--window-position=0,0",
            f"--app={address}",
        ],
        env=os.environ | {"DISPLAY": display},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.gui
@pytest.mark.browser
def test_the_page_is_used_with_keyboard_and_mouse(address, control, session, tmp_path):
    """Keys, buttons reached with Tab, and a click."""

    def until(condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, session.state()
            control.execute()
            time.sleep(0.05)

    with desktop(1000, 780) as display, browser(display, address, tmp_path):

        def xdotool(*args):
            subprocess.run(["xdotool", *args], env=os.environ | {"DISPLAY": display}, check=True, timeout=30)

        def screen():
            shot = subprocess.run(
                ["import", "-window", "root", "bmp:-"],
                env=os.environ | {"DISPLAY": display},
                capture_output=True,
                check=True,
            )
            return cv2.imdecode(np.frombuffer(shot.stdout, np.uint8), cv2.IMREAD_COLOR)

        def middle(bgr):
            """The (x, y) on the screen of a style's thumbnail; None if it is not there."""
            rows, columns = np.nonzero(np.abs(screen() - np.int16(bgr)).max(axis=2) < 12)
            return (str(int(columns.mean())), str(int(rows.mean()))) if len(rows) > 500 else None

        until(lambda: all(middle(bgr) for bgr in STYLES.values()))
        xdotool("mousemove", *middle(STYLES["blue"]), "click", "1")
        until(lambda: session.state()["requested"] == 2)
        # The button keeps the focus: the space bar now presses it, other keys still control the program.
        xdotool("key", "Left")
        until(lambda: session.state()["requested"] == 1)
        xdotool("key", "bracketleft")
        until(lambda: session.params.strength == 0.9)
        xdotool("key", "shift+Tab", "shift+Tab", "Return")
        until(lambda: session.state()["requested"] == 0)


@pytest.mark.gui
@pytest.mark.browser
@pytest.mark.parametrize("path", ["", "control/token/"])
def test_a_page_shows_the_video_again_after_a_restart_of_the_program(control, tmp_path, path):
    with desktop(640, 480) as display, contextlib.ExitStack() as stack:

        def until_shown(bgr, broadcast=None):
            deadline = time.monotonic() + 60
            while True:
                if broadcast:
                    broadcast.write(Frame(np.full((48, 64, 3), bgr, np.uint8), 0.0))
                command = ["import", "-window", "root", "bmp:-"]
                env = os.environ | {"DISPLAY": display}
                shot = subprocess.run(command, env=env, capture_output=True, check=True).stdout
                screen = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
                if (np.abs(screen - np.int16(bgr)).max(axis=2) < 12).sum() > 20_000:
                    return
                assert time.monotonic() < deadline
                time.sleep(0.2)

        green, orange, dimmed = (60, 180, 60), (0, 140, 255), (21, 63, 21)
        first = Broadcast(Listener("127.0.0.1", 0), control)
        stack.enter_context(browser(display, first.url + path, tmp_path))
        until_shown(green, first)
        first.close()
        if not path:
            until_shown(dimmed)
        second = Broadcast(Listener("127.0.0.1", urllib.parse.urlsplit(first.url).port), control)
        stack.callback(second.close)
        until_shown(orange, second)


def test_a_live_run_is_controlled(tmp_path):
    """From the command line, with a generated token: a style by its name, a captured style, then the end."""
    env = os.environ | {"HOME": str(tmp_path)}
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "realtime_nst",
            "demo",
            "--headless",
            "--serve",
            "0",
            "--control",
            "--model",
            "fast",
            "--work-size",
            "160",
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )
    try:
        process.stderr.readline()
        address = re.search(r"http://\S+/control/[\w-]{12}/", process.stderr.readline()).group()
        state = until_state(address, lambda state: state["styles"] and state["fps"])
        assert post(f"{address}style/ink") == 204
        state = until_state(address, lambda state: state["styles"][state["current"]] == "ink")
        assert post(f"{address}press/t") == 204
        state = until_state(address, lambda state: state["styles"][state["current"]] == "captured 1")
        state = until_state(address, lambda state: "saved as" in state["message"])
        kept = read_image(state["message"].split()[-1])
        assert 200 < kept.shape[0] < 480 and np.ptp(kept.reshape(-1, 3), axis=1).mean() > 40, "it is the scene's"
        assert post(f"{address}press/q") == 204
        errors = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0 and "Traceback" not in errors


def until_state(address, condition):
    deadline = time.monotonic() + 60
    while not condition(state := json.loads(get(f"{address}state"))):
        assert time.monotonic() < deadline, state
        time.sleep(0.1)
    return state
