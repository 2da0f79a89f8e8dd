"""The window as a person uses it: a real one, driven by key presses and checked by screenshots."""

import contextlib
import time
from pathlib import Path

import cv2
import av
import numpy as np
import pytest
from support.desktop import Program, desktop
from support.scenes import scene_image

from realtime_nst.bench.camera_server import camera_server


@pytest.fixture(scope="module")
def display():
    with desktop() as name:
        yield name


@pytest.fixture(scope="module")
def still():
    """One frame of the scene: a camera that shows it makes what is on the screen depend on the keys alone."""
    return scene_image()


@pytest.fixture(scope="module")
def launch(display, hub_folder, paintings, tmp_path_factory):
    """Start `realtime-nst live` on a network camera that shows a still picture, in three styles."""
    programs = contextlib.ExitStack()

    def start(url, *more):
        styles = [part for k in (0, 7, 14) for part in ("--style", str(paintings[k]))]
        args = ["live", "--camera", url, "--model", str(hub_folder), "--work-size", "128", *styles, *more]
        program = Program(args, display=display, home=tmp_path_factory.mktemp("home"))
        programs.callback(program.close)
        return program

    with programs:
        yield start


def abs_difference(a, b):
    """Mean difference of two pictures, 0 to 255."""
    if a.shape != b.shape:
        return 255.0
    return np.abs(a.astype(int) - b).mean()


def comes(program, look, near=2.0):
    """Wait until the window shows `look`."""
    program.until(lambda: abs_difference(program.screenshot(), look) < near)


def runs(program):
    """Wait until the window shows video: before the first frame it is all one colour."""
    program.until(lambda: program.screenshot().std() > 20)


def settled(program):
    """What the window shows once it has stopped changing."""
    last = program.screenshot()
    while abs_difference(last, shot := program.screenshot()) > 0.5:
        last = shot
    return shot


@pytest.fixture(scope="module")
def program(launch, still):
    with camera_server([still]) as server:
        # A style that comes slowly might be taken for one that has come.
        program = launch(server.url, "--fade", "0")
        runs(program)
        yield program
        program.close()


@pytest.fixture(scope="module")
def looks(program, still):
    """What each of the three styles looks like, reached by its number; without the overlay."""
    program.press("o", "o")
    found = []
    for number in "123":
        program.press(number)
        program.until(lambda: all(abs_difference(program.screenshot(), look) > 8 for look in [still, *found]))
        found.append(settled(program))
    program.press("1")
    comes(program, found[0])
    return found


@pytest.mark.gui
class TestKeys:
    """One run of the program; each test leaves it in the first style, at full strength, without overlay."""

    @pytest.mark.parametrize(("forward", "back"), [("n", "p"), ("Right", "Left"), ("Down", "Up")])
    def test_next_and_previous_style(self, program, looks, forward, back):
        for index in (1, 2, 0):
            program.press(forward)
            comes(program, looks[index])
        for index in (2, 1, 0):
            program.press(back)
            comes(program, looks[index])

    def test_a_number_without_a_style_changes_nothing(self, program, looks):
        program.press("9")
        program.until(lambda: any("there are 3 styles" in line for line in program.said))
        comes(program, looks[0], near=5)

    def test_space_shows_the_original_and_back(self, program, looks, still):
        program.press("space")
        comes(program, still, near=5)
        program.press("space")
        comes(program, looks[0], near=5)

    def test_brackets_change_the_strength(self, program, looks, still):
        program.press(*["bracketleft"] * 5)
        program.until(lambda: abs_difference(program.screenshot(), looks[0]) > 5)
        program.press(*["bracketleft"] * 6)
        comes(program, still, near=5)
        program.press(*["bracketright"] * 11)
        comes(program, looks[0], near=5)

    def test_plus_and_minus_change_the_size_of_strokes(self, program, looks):
        program.press(*["minus"] * 4)
        program.until(lambda: abs_difference(program.screenshot(), looks[0]) > 5)
        program.press(*["plus"] * 4)
        comes(program, looks[0], near=5)

    def test_c_keeps_the_frame_s_colours(self, program, looks, still):
        def colours(image):
            return cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)[..., 1:]

        program.press("c")
        program.until(lambda: abs_difference(colours(settled(program)), colours(still)) < 3)
        assert abs_difference(colours(looks[0]), colours(still)) > 8
        assert abs_difference(settled(program), still) > 8  # the light is the style's
        program.press("c")
        comes(program, looks[0])

    def test_v_compares_and_the_mouse_drags_the_line(self, program, looks, still):
        def line_at(x):
            shot = program.screenshot()
            left, right = np.s_[:, : x - 4], np.s_[:, x + 4 :]
            return (
                abs_difference(shot[left], still[left]) < 5
                and abs_difference(shot[right], looks[0][right]) < 5
                and shot[:, x].min() > 250
            )

        program.press("v")
        program.until(lambda: line_at(320))
        program.mouse("320,200", "down 1", "400,220", "480,240")
        program.until(lambda: line_at(480))
        program.mouse("up 1", "100,100")
        assert line_at(480)
        program.press("s")
        (path,) = program.until(lambda: list((program.home / "Pictures").glob("realtime-nst-*.png")))
        assert abs_difference(cv2.imread(str(path)), looks[0]) < 2  # a snapshot has no line
        path.unlink()
        program.press("v")
        comes(program, looks[0])

    def test_the_right_button_shows_the_original_while_it_is_held(self, program, looks, still):
        program.mouse("320,200", "down 3")
        comes(program, still, near=5)
        program.mouse("up 3")
        comes(program, looks[0])

    def test_a_second_style_is_mixed_in(self, program, looks, still):
        program.press("b")
        program.until(lambda: min(abs_difference(program.screenshot(), look) for look in looks[:2]) > 4)
        program.press(*["period"] * 6)
        comes(program, looks[1])  # nothing is left of the first
        program.press(*["comma"] * 11)
        comes(program, looks[0])

    def test_m_mirrors(self, program, looks):
        program.press("m")
        # The network does not treat left and right quite alike.
        program.until(
            lambda: 2 * abs_difference(shot := program.screenshot(), looks[0][:, ::-1]) < abs_difference(shot, looks[0])
        )
        program.press("m")
        comes(program, looks[0])

    def test_s_saves_what_is_shown(self, program, looks):
        program.press("s")
        (path,) = program.until(lambda: list((program.home / "Pictures").glob("realtime-nst-*.png")))
        image = cv2.imread(str(path))
        assert image.shape == (480, 640, 3) and abs_difference(image, looks[0]) < 2
        program.until(lambda: any(str(path) in line for line in program.said))

    def test_r_records_what_is_shown(self, program, looks):
        program.press("o", "r")  # the small overlay
        program.until(lambda: self.red(program.screenshot()[:40, -120:]))
        program.until(lambda: any("recording" in line for line in program.said))
        time.sleep(1)  # a screenshot may take no longer than three frames
        program.press("r", "o", "o")
        program.until(lambda: any("recorded" in line for line in program.said))
        (path,) = (program.home / "Videos").glob("realtime-nst-*.mp4")
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
        assert len(frames) > 3 and abs_difference(frames[-1], looks[0]) < 6
        comes(program, looks[0], near=8)

    def red(self, image):
        blue, green, red = (image[..., c].astype(int) for c in range(3))
        return ((red - np.maximum(blue, green)) > 120).sum() > 40

    def test_o_shows_style_model_and_figures(self, program, looks):
        program.press("o")
        program.until(lambda: self.panel(program.screenshot()[2:20, 4:140], looks[0][2:20, 4:140]))
        below = np.s_[30:80, 4:200]
        assert abs_difference(program.screenshot()[below], looks[0][below]) < 5
        program.press("o")
        program.until(lambda: self.panel(program.screenshot()[below], looks[0][below]))
        program.press("o")
        comes(program, looks[0])

    def test_h_shows_the_table_of_keys(self, program, looks):
        middle = np.s_[120:360, 160:480]
        program.press("h")
        program.until(lambda: self.panel(program.screenshot()[middle], looks[0][middle]))
        program.press("h")
        comes(program, looks[0])

    def panel(self, shown, before):
        """Whether white letters stand on something darker than what was there."""
        white = (shown.min(axis=2) > 230).mean()
        return np.median(shown) < 0.7 * np.median(before) and 0.01 < white < 0.4

    def test_f_fills_the_screen_and_back(self, program, looks):
        before = program.size()
        program.press("f")
        program.until(lambda: program.size() == (1280, 800))
        # 640x480 grows to 1067x800; beside it is black.
        program.until(lambda: program.screenshot()[:, :100].max() == 0)
        middle = cv2.resize(looks[0], (1067, 800))
        program.until(lambda: abs_difference(program.screenshot()[:, 107:1173], middle[:, :1066]) < 8)
        program.press("f")
        program.until(lambda: program.size() == before)
        comes(program, looks[0])

    def test_escape_leaves_full_screen_and_does_not_quit(self, program, looks):
        before = program.size()
        program.press("f")
        program.until(lambda: program.size() == (1280, 800))
        program.press("Escape")
        program.until(lambda: program.size() == before)
        comes(program, looks[0])

    def test_a_resized_window_keeps_the_pictures_shape(self, program, looks):
        program.resize(900, 480)
        program.until(lambda: program.screenshot().shape == (480, 900, 3))
        program.until(lambda: abs_difference(program.screenshot()[:, 130:770], looks[0]) < 3)
        assert program.screenshot()[:, :125].max() == 0
        program.resize(640, 480)
        comes(program, looks[0])


@pytest.mark.gui
def test_a_style_comes_little_by_little(launch, still, looks):
    with camera_server([still]) as server:
        program = launch(server.url, "--fade", "60")
        runs(program)
        program.press("o", "o")
        comes(program, looks[0])
        program.press("2")
        program.until(lambda: abs_difference(program.screenshot(), looks[0]) > 2)
        shot = program.screenshot()
        assert abs_difference(shot, looks[0]) < abs_difference(shot, looks[1]) / 2
        program.press("q")
        assert program.wait() == 0


@pytest.mark.gui
class TestQuitting:
    @pytest.mark.parametrize("key", ["q", "Escape", "alt+F4"])
    def test_it_ends_cleanly_and_finishes_the_recording(self, launch, still, tmp_path, key):
        out = tmp_path / "out.mp4"
        with camera_server([still]) as server:
            program = launch(server.url, "--record", str(out))
            runs(program)
            program.press(key)
            assert program.wait() == 0
        with av.open(str(out)) as container:
            assert len(list(container.decode(video=0))) > 0
        assert any(f"recorded {out}" in line for line in program.said)


@pytest.mark.gui
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_stops_the_recording_and_not_the_picture(launch, still, tmp_path):
    out = tmp_path / "out.mp4"
    out.symlink_to("/dev/full")
    with camera_server([still, still[:, ::-1]], fps=10) as server:
        program = launch(server.url, "--record", str(out))
        program.until(lambda: any("No space left" in line for line in program.said), 30)
        before = program.screenshot()
        program.until(lambda: abs_difference(program.screenshot(), before) > 10)
        program.press("q")
        assert program.wait() == 1  # not all was recorded


@pytest.mark.gui
def test_a_camera_that_stops_ends_the_window_with_its_error(launch, still):
    with camera_server([still]) as server:
        program = launch(server.url, "--reconnect", "0")
        runs(program)
        server.closing.set()
        assert program.wait() == 1
    assert "has ended or was unplugged" in program.said[-1]
    assert not any("Traceback" in line for line in program.said)
