"""The names that open each kind of source, and the errors for missing ones."""

import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.errors import SourceError
from realtime_nst.sources.factory import open_source


def test_the_demo_is_a_source():
    source = open_source("demo", live=False)
    np.testing.assert_array_equal(source.read().image, scene_image())
    assert not source.live and open_source("demo").live


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
def test_what_is_not_there_says_what_to_do(spec, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=words):
        open_source(spec)


@pytest.mark.parametrize(
    ("name", "words"), [("", "is a folder"), ("a.png", "realtime-nst image"), ("a.mp4", "a.mp4 is not a clip")]
)
def test_a_folder_a_picture_and_a_text_are_no_cameras(tmp_path, name, words):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "a.mp4").write_text("no video\n" * 50)
    with pytest.raises(SourceError, match=words):
        open_source(str(tmp_path / name))
