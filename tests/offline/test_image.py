"""Photos in, stylized photos out: the metadata kept, the notices, and the effect of one bad photo on the others."""

import sys

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from realtime_nst.errors import OutputError, RunError, SourceError
from realtime_nst.extras import install_command
from realtime_nst.frames import RenderParams
from realtime_nst.media.images import read_image, read_photo, write_image
from realtime_nst.offline.image import PHOTO, find_photos, stylize_photos
from realtime_nst.offline.plan import plan_outputs
from realtime_nst.styles.library import Style
from realtime_nst.stylizer import Stylizer
from realtime_nst.testing import FakeNetwork

UNSTYLED = RenderParams(None, strength=0.0)


@pytest.fixture
def pixels():
    return np.random.default_rng(5).integers(0, 255, (48, 64, 3), np.uint8)


@pytest.fixture
def stylize(tmp_path, pixels):
    """Stylize photos into a file or folder; return the names of what was written and the notices."""
    (tmp_path / "styles").mkdir()
    style = Style("ink", write_image(tmp_path / "styles" / "ink.png", pixels))

    def run(photos, output, **options):
        plan = plan_outputs(PHOTO, photos, [(style.name, style)], output, may_exist=True)
        written, told = [], []
        try:
            stylize_photos(plan, Stylizer(FakeNetwork()), UNSTYLED, written.append, say=told.append, **options)
        except RunError as error:
            told.append(str(error))
        return [path.name for path in written], told

    return run


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_transparency_camera_and_resolution_are_kept(tmp_path, pixels, stylize, ending):
    alpha = np.full((48, 64), 200, np.uint8)
    alpha[:, :32] = 0
    exif = Image.Exif()
    exif[Base.Model] = "Camera"
    write_image(tmp_path / "a.png", pixels, alpha=alpha, exif=exif.tobytes(), dpi=(300, 300))
    assert stylize([tmp_path / "a.png"], tmp_path / f"out{ending}") == ([f"out{ending}"], [])
    made = read_photo(tmp_path / f"out{ending}")
    assert np.array_equal(made.alpha, alpha)
    assert b"Camera" in made.exif
    if ending != ".webp":
        assert [round(value) for value in made.dpi] == [300, 300]
        # At strength 0 a photo comes back as it was, its transparent colours not mixed with white.
        assert np.abs(made.pixels[:, 32:, :3].astype(int) - pixels[:, 32:]).max() <= 1


def test_what_the_format_cannot_hold_is_told_once(tmp_path, pixels, stylize):
    exif = Image.Exif()
    exif[Base.Model] = "Camera"
    photos = [
        write_image(tmp_path / f"{name}.png", pixels, alpha=np.zeros((48, 64), np.uint8), exif=exif.tobytes())
        for name in "ab"
    ]
    written, told = stylize(photos[:1], tmp_path / "out.bmp")
    assert written == ["out.bmp"]
    assert (read_image(tmp_path / "out.bmp") == 255).all()
    assert ["transparency" in told[0], "EXIF" in told[1], len(told)] == [True, True, 2]


def test_of_an_animation_the_first_picture_is_made_and_that_is_told_once(tmp_path, pixels, stylize):
    frames = [Image.fromarray(pixels), Image.fromarray(pixels[::-1].copy())]
    for name in ("a.gif", "b.webp", "c.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    photos = find_photos([str(tmp_path)])
    assert [photo.name for photo in photos] == ["a.gif", "b.webp", "c.png"]
    assert photos == find_photos([str(tmp_path / "*")]) == find_photos(map(str, photos))
    written, told = stylize(photos, tmp_path / "made")
    assert written == ["a-ink.png", "b-ink.webp", "c-ink.png"]
    assert told == ["a.gif and 2 more: only the first of several pictures (frames, pages) in the file is used"]


def test_a_photo_that_fails_does_not_stop_the_others(tmp_path, pixels, stylize):
    photos = [write_image(tmp_path / name, pixels) for name in ("a.png", "b.jpg", "c.png")]
    photos[1].write_bytes(photos[1].read_bytes()[:700])
    with pytest.raises(SourceError, match=r"b\.jpg is damaged"):
        stylize(photos, tmp_path / "none")
    assert not any((tmp_path / "none").iterdir())
    written, told = stylize(photos, tmp_path / "made", keep_going=True)
    assert written == ["a-ink.png", "c-ink.png"]
    assert len(told) == 2
    assert told[0].count("b.jpg is damaged") == 1
    assert told[1] == "1 of 3 photos failed, the others are done; see above"


def test_a_photo_larger_than_the_limit_fails(tmp_path, pixels, stylize):
    photo = write_image(tmp_path / "a.png", pixels)
    with pytest.raises(SourceError, match="64x48 pixels, more than the limit"):
        stylize([photo], tmp_path / "out.png", max_pixels=3000)


def test_pictures_that_cannot_be_read_here_are_passed_over_in_one_sentence(tmp_path, pixels, monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    write_image(tmp_path / "a.png", pixels)
    for number in range(3):
        (tmp_path / f"{number}.heic").touch()
    for requested in (tmp_path, tmp_path / "*"):
        told = []
        assert find_photos([str(requested)], told.append) == [tmp_path / "a.png"]
        assert told == ["3 pictures passed over: HEIC needs pi-heif: " + install_command("heic")]


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1)])
def test_a_line_of_pixels_is_a_photo(tmp_path, stylize, size):
    line = np.full((*size, 3), 90, np.uint8)
    photo = write_image(tmp_path / "line.png", line)
    assert stylize([photo], tmp_path / "out.png")[0] == ["out.png"]
    assert np.array_equal(read_image(tmp_path / "out.png"), line)


def test_what_another_run_has_written_in_the_meantime_is_not_replaced(tmp_path, pixels, stylize):
    photo, output = write_image(tmp_path / "a.png", pixels), tmp_path / "out.png"
    output.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"out\.png exists; add --overwrite"):
        stylize([photo], output, overwrite=False)
    assert output.read_bytes() == b"precious"
