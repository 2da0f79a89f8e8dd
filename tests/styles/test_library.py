import contextlib
import functools
import http.server
import os
import shutil
import socket
import sys
import threading

import numpy as np
import pytest

from realtime_nst.errors import StyleError
from realtime_nst.media.images import read_image, write_image
from realtime_nst.styles.library import add_style, find_styles, remove_style, rename_style, shipped_styles, user_styles


@pytest.fixture
def painting(tmp_path):
    image = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    return write_image(tmp_path / "my painting.png", image)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """A style folder for the test instead of the user's."""
    folder = tmp_path / "user" / "styles"
    monkeypatch.setattr("realtime_nst.styles.library.user_folder", lambda: folder)
    return folder


def test_every_shipped_style_is_a_picture_with_a_title():
    styles = shipped_styles()
    assert len(styles) >= 16
    for style in styles:
        assert min(style.read().shape[:2]) >= 512
        assert style.title and style.after and "--seed" in style.made
        assert style.path.stat().st_size < 256 << 10


def test_names_files_and_folders_are_found_in_the_order_given(painting):
    first = shipped_styles()[0]
    found = find_styles([str(painting), first.name, str(painting.parent)])
    assert [s.name for s in found] == ["my painting", first.name, "my painting"]


def test_without_names_every_style_is_found(painting):
    add_style(str(painting))
    assert [s.name for s in find_styles()] == [s.name for s in shipped_styles()] + ["my painting"]


def test_an_unknown_name_suggests_the_nearest():
    name = shipped_styles()[0].name
    with pytest.raises(StyleError, match=f"did you mean {name}"):
        find_styles([name + "x"])


def test_an_empty_folder_a_missing_and_a_broken_file_are_errors(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.png").write_text("no picture")
    with pytest.raises(StyleError, match="holds no pictures"):
        find_styles([str(tmp_path / "empty")])
    with pytest.raises(StyleError, match="there is no style picture"):
        find_styles([str(tmp_path / "gone.jpg")])
    with pytest.raises(StyleError, match="not an image"):
        find_styles([str(tmp_path / "broken.png")])


def test_an_added_style_is_found_by_name_and_scaled_to_size(painting, own_folder):
    added = add_style(str(painting), "speckles", max_side=30)
    assert added.path == own_folder / "speckles.png"
    assert find_styles(["speckles"])[0].read().shape == (20, 30, 3)


def test_an_own_style_is_renamed_and_removed(painting, own_folder):
    add_style(str(painting), "speckles")
    add_style(str(painting), "dotty")
    assert rename_style("speckles", "spots").path == own_folder / "spots.png"
    assert [style.name for style in user_styles()] == ["dotty", "spots"]
    for new_name, words in (
        ("dotty", "you have a style 'dotty'"),
        ("night", "comes with the program"),
        ("a/b", "cannot"),
    ):
        with pytest.raises(StyleError, match=words):
            rename_style("spots", new_name)
    assert remove_style("spots") == own_folder / "spots.png"
    assert [style.name for style in user_styles()] == ["dotty"]
    with pytest.raises(StyleError, match="'night' comes with the program; only styles that you added"):
        remove_style("night")
    with pytest.raises(StyleError, match="you have added no style 'dottie'; did you mean dotty?"):
        remove_style("dottie")


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "a\\b", "c:d"])
def test_a_name_cannot_leave_the_folder(painting, own_folder, name):
    with pytest.raises(StyleError, match="cannot be a style's name"):
        add_style(str(painting), name)
    assert user_styles() == []


def test_what_is_no_picture_or_too_large_is_not_added(tmp_path, painting, own_folder):
    (tmp_path / "script.png").write_text("#!/bin/sh\nrm -rf /\n")
    with pytest.raises(StyleError, match="not an image"):
        add_style(str(tmp_path / "script.png"))
    with pytest.raises(StyleError, match="larger than"):
        add_style(str(painting), max_bytes=100)
    with pytest.raises(StyleError, match="comes with the program"):
        add_style(str(painting), shipped_styles()[0].name)
    assert not own_folder.exists()


def test_a_style_is_added_from_a_url(painting):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=painting.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        added = add_style(f"{address}/my%20painting.png")
        with pytest.raises(StyleError, match="404"):
            add_style(f"{address}/gone.png")
        server.shutdown()
    assert added.name == "my painting"
    assert np.array_equal(added.read(), read_image(painting))


@pytest.mark.parametrize("size", [(65000, 1), (1, 65000), (20000, 3)])
def test_very_long_pictures_become_styles(tmp_path, size):
    write_image(tmp_path / "long.png", np.full((*size, 3), 70, np.uint8))
    added = add_style(str(tmp_path / "long.png"), max_side=512)
    assert max(added.read().shape) == 512 and min(added.read().shape[:2]) == 1


def test_a_picture_of_too_many_pixels_is_not_added(painting, own_folder):
    with pytest.raises(StyleError, match="60x40 pixels, more than the limit"):
        add_style(str(painting), max_pixels=2000)
    assert not own_folder.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_a_pipe_is_not_added_nor_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    with pytest.raises(StyleError, match="it is a pipe"):
        add_style(str(tmp_path / "fifo.png"))
    with pytest.raises(StyleError, match="it is a pipe"):
        find_styles([str(tmp_path / "fifo.png")])


def test_a_style_is_not_replaced_by_a_smaller_copy_of_itself(painting, own_folder):
    own_folder.mkdir(parents=True)
    original = shutil.copy(painting, own_folder / "mine.png")
    with pytest.raises(StyleError, match="is itself the style 'mine'"):
        add_style(str(original), overwrite=True, max_side=16)
    assert original.read_bytes() == painting.read_bytes()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n" + b".", "the server is too slow"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nhello", "broke off 995 bytes before its end"),
        (b"nonsense\r\n\r\n", "cannot download"),
    ],
)
def test_a_server_that_drips_or_breaks_off_is_told(answer, told):
    stop = threading.Event()

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)
            while answer.endswith(b".") and not stop.wait(0.02):
                with contextlib.suppress(OSError):
                    connection.sendall(b".")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        try:
            with pytest.raises(StyleError, match=told):
                add_style(f"http://127.0.0.1:{listener.getsockname()[1]}/a.png", timeout=0.1)
        finally:
            stop.set()
            thread.join()


def test_a_folder_of_photos_that_cannot_be_read_here_says_why(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.heic").touch()
    with pytest.raises(StyleError, match=r"holds no pictures that can be read \(1 picture passed over: HEIC needs"):
        find_styles([str(tmp_path / "photos")])
