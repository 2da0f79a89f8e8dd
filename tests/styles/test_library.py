import functools
import http.server
import threading

import numpy as np
import pytest

from realtime_nst.errors import StyleError
from realtime_nst.media.images import read_image, write_image
from realtime_nst.styles.library import add_style, find_styles, shipped_styles, user_styles


@pytest.fixture
def painting(tmp_path):
    image = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    return write_image(tmp_path / "my painting.png", image)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """The user's style folder, kept away from the real one."""
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
    with pytest.raises(StyleError, match="not a picture"):
        find_styles([str(tmp_path / "broken.png")])


def test_an_added_style_is_found_by_name_and_scaled_to_size(painting, own_folder):
    added = add_style(str(painting), "speckles", max_side=30)
    assert added.path == own_folder / "speckles.png"
    assert find_styles(["speckles"])[0].read().shape == (20, 30, 3)


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "a\\b", "c:d"])
def test_a_name_cannot_leave_the_folder(painting, own_folder, name):
    with pytest.raises(StyleError, match="cannot be a style's name"):
        add_style(str(painting), name)
    assert user_styles() == []


def test_what_is_no_picture_or_too_large_is_not_added(tmp_path, painting, own_folder):
    (tmp_path / "script.png").write_text("#!/bin/sh\nrm -rf /\n")
    with pytest.raises(StyleError, match="not a picture"):
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
