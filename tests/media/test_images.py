import os
import stat

import cv2
import numpy as np
import pytest
from PIL import Image

from realtime_nst.errors import OutputError, SourceError, StyleError
from realtime_nst.media.images import read_image, write_image


@pytest.fixture
def gradient():
    y, x = np.mgrid[0:48, 0:64]
    return np.dstack([x * 4, y * 5, (x + y) * 2]).astype(np.uint8)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".tif", 0), (".bmp", 0), (".webp", 20), (".jpg", 20)])
def test_what_is_written_is_read_back(tmp_path, gradient, suffix, tolerance):
    path = write_image(tmp_path / f"a{suffix}", gradient)
    back = read_image(path)
    assert back.dtype == np.uint8 and back.shape == gradient.shape and back.flags.c_contiguous
    assert np.abs(back.astype(int) - gradient).max() <= tolerance


def test_sixteen_bits_keep_the_upper_eight(tmp_path, gradient):
    cv2.imwrite(str(tmp_path / "a.png"), gradient.astype(np.uint16) * 257)
    assert np.array_equal(read_image(tmp_path / "a.png"), gradient)


def test_transparency_lies_over_white(tmp_path):
    bgra = np.zeros((4, 6, 4), np.uint8)
    bgra[:, :2] = (10, 20, 30, 255)
    bgra[:, 2:4] = (0, 0, 0, 128)
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    image = read_image(tmp_path / "a.png")
    assert image[0, 0].tolist() == [10, 20, 30]
    assert image[0, 2].tolist() == [127, 127, 127]
    assert image[0, 5].tolist() == [255, 255, 255]


def test_grey_becomes_bgr(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((5, 7), 90, np.uint8))
    assert np.array_equal(read_image(tmp_path / "a.png"), np.full((5, 7, 3), 90, np.uint8))


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
    8: lambda a: np.rot90(a),
}
"""What a reader shows for each EXIF orientation."""


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "clear.png", "clear.webp", "clear.tif"])
def test_exif_orientation_is_applied(tmp_path, gradient, name, orientation):
    image = Image.fromarray(gradient[..., ::-1].copy())
    expected = gradient.astype(float)
    if name.startswith("clear"):
        image.putalpha(128)
        expected = np.rint(expected * (128 / 255) + 255 * (1 - 128 / 255))
    exif = Image.Exif()
    exif[0x112] = orientation
    image.save(tmp_path / name, exif=exif, quality=95, lossless=True)
    turned = read_image(tmp_path / name)
    assert turned.shape == TURNED[orientation](expected).shape
    assert np.abs(turned - TURNED[orientation](expected)).mean() <= (1 if name == "a.jpg" else 0.3)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("kind", ["colour", "grey", "transparent"])
def test_sixteen_bits_of_every_kind(tmp_path, gradient, name, kind):
    deep = gradient.astype(np.uint16) * 257
    stored, expected = {
        "colour": (deep, gradient),
        "grey": (deep[..., 0], np.repeat(gradient[..., :1], 3, axis=2)),
        "transparent": (np.dstack([deep, np.full_like(deep[..., 0], 32896)]), gradient * (128 / 255) + 127),
    }[kind]
    cv2.imwrite(str(tmp_path / name), stored)
    assert np.abs(read_image(tmp_path / name) - expected.astype(float)).max() <= 1


def test_palettes_prints_and_many_pages(tmp_path, gradient):
    image = Image.fromarray(gradient[..., ::-1].copy())
    image.convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    image.save(tmp_path / "pages.tif", save_all=True, append_images=[image.rotate(90, expand=True)])
    image.save(tmp_path / "moving.webp", save_all=True, append_images=[image.rotate(180)], lossless=True)
    image.quantize(64).save(tmp_path / "palette.png")
    for path in tmp_path.iterdir():
        assert np.abs(read_image(path).astype(int) - gradient).mean() < 10, path.name


@pytest.mark.parametrize("content", [b"", b"hello, this is text", b"\x89PNG\r\n\x1a\n1234"])
def test_no_picture_is_an_error_of_the_kind_asked_for(tmp_path, content):
    path = tmp_path / "not.png"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="not an image"):
        read_image(path)
    with pytest.raises(StyleError, match="not.png"):
        read_image(path, StyleError)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        read_image(tmp_path / "gone.png")


def test_an_unknown_ending_and_a_missing_folder_are_errors(tmp_path, gradient):
    with pytest.raises(OutputError, match=r"\.png"):
        write_image(tmp_path / "a.docx", gradient)
    with pytest.raises(OutputError, match="No such file"):
        write_image(tmp_path / "no" / "a.png", gradient)


def test_floats_are_not_written_as_black(tmp_path, gradient):
    with pytest.raises(ValueError, match="not float64"):
        write_image(tmp_path / "a.png", gradient / 255)
    assert not any(tmp_path.iterdir())


def test_writing_leaves_nothing_else_behind(tmp_path, gradient):
    write_image(tmp_path / "a.png", gradient)
    write_image(tmp_path / "a.png", gradient)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(not hasattr(os, "fchmod"), reason="only POSIX systems have a umask")
def test_new_files_have_the_mode_that_the_umask_asks_for(tmp_path, gradient, monkeypatch):
    previous = os.umask(0o027)
    try:
        # Reading the umask changes it for a moment, also for the files of other threads.
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda mask: pytest.fail("the umask was changed"))
            path = write_image(tmp_path / "a.png", gradient)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_previous_file_alone(tmp_path, gradient, monkeypatch, failure):
    path = write_image(tmp_path / "a.png", gradient)
    before = path.read_bytes()

    def fails(*_):
        raise failure

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_image(path, gradient[::-1])
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"] and path.read_bytes() == before
