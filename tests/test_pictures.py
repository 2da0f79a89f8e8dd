import cv2
import numpy as np
import pytest

from realtime_nst.errors import OutputError, SourceError, StyleError
from realtime_nst.pictures import read_picture, write_picture


@pytest.fixture
def gradient():
    y, x = np.mgrid[0:48, 0:64]
    return np.dstack([x * 4, y * 5, (x + y) * 2]).astype(np.uint8)


@pytest.mark.parametrize("suffix, tolerance", [(".png", 0), (".tif", 0), (".bmp", 0), (".webp", 20), (".jpg", 20)])
def test_what_is_written_is_read_back(tmp_path, gradient, suffix, tolerance):
    path = write_picture(tmp_path / f"a{suffix}", gradient)
    back = read_picture(path)
    assert back.dtype == np.uint8 and back.shape == gradient.shape and back.flags.c_contiguous
    assert np.abs(back.astype(int) - gradient).max() <= tolerance


def test_sixteen_bits_keep_the_upper_eight(tmp_path, gradient):
    cv2.imwrite(str(tmp_path / "a.png"), gradient.astype(np.uint16) * 257)
    assert np.array_equal(read_picture(tmp_path / "a.png"), gradient)


def test_transparency_lies_over_white(tmp_path):
    bgra = np.zeros((4, 6, 4), np.uint8)
    bgra[:, :2] = (10, 20, 30, 255)
    bgra[:, 2:4] = (0, 0, 0, 128)
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    picture = read_picture(tmp_path / "a.png")
    assert picture[0, 0].tolist() == [10, 20, 30]
    assert picture[0, 2].tolist() == [127, 127, 127]
    assert picture[0, 5].tolist() == [255, 255, 255]


def test_grey_becomes_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((5, 7), 90, np.uint8))
    assert np.array_equal(read_picture(tmp_path / "a.png"), np.full((5, 7, 3), 90, np.uint8))


def test_exif_orientation_is_applied(tmp_path, gradient):
    """The EXIF block is built by hand: one tag, Orientation = 6, "turn 90 degrees clockwise to view"."""
    jpeg = cv2.imencode(".jpg", gradient)[1].tobytes()
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"
    body = b"Exif\0\0MM\x00\x2a\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    exif = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + exif + jpeg[2:])
    turned = read_picture(tmp_path / "a.jpg")
    assert np.abs(turned.astype(int) - np.rot90(gradient, -1)).max() <= 20


@pytest.mark.parametrize("content", [b"", b"hello, this is text", b"\x89PNG\r\n\x1a\n1234"])
def test_no_picture_is_an_error_of_the_kind_asked_for(tmp_path, content):
    path = tmp_path / "not.png"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="not a picture"):
        read_picture(path)
    with pytest.raises(StyleError, match="not.png"):
        read_picture(path, StyleError)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        read_picture(tmp_path / "gone.png")


def test_an_unknown_ending_and_a_missing_folder_are_errors(tmp_path, gradient):
    with pytest.raises(OutputError, match=r"\.png"):
        write_picture(tmp_path / "a.docx", gradient)
    with pytest.raises(OutputError, match="No such file"):
        write_picture(tmp_path / "no" / "a.png", gradient)


def test_writing_leaves_nothing_else_behind(tmp_path, gradient):
    write_picture(tmp_path / "a.png", gradient)
    write_picture(tmp_path / "a.png", gradient)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
