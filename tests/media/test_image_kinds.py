"""The content of a photo's file besides its pixels: colour profile, EXIF, resolution, transparency, further frames."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features
from PIL.ExifTags import GPS, IFD, Base

from realtime_nst.errors import SourceError
from realtime_nst.extras import install_command
from realtime_nst.media.images import images_in, read_image, read_photo, write_image

HEIC = Path(__file__).parent / "photo.heic"
"""The gradient below as HEIC, 64x48, with the camera "Phone"."""


@pytest.fixture
def gradient():
    """uint8 BGR, 48 x 64 x 3."""
    y, x = np.mgrid[0:48, 0:64]
    return np.dstack([x * 4, y * 5, (x + y) * 2]).astype(np.uint8)


def picture(bgr):
    return Image.fromarray(bgr[..., ::-1].copy())


def xyz(bgr):
    """CIE XYZ of BT.709 colours with the transfer function of sRGB (IEC 61966-2-1)."""
    rgb = bgr[..., ::-1] / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])


def swapped_primaries():
    """The bytes of a profile like sRGB, but with the primaries of red and green exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, other in ((b"rXYZ", b"tmp1"), (b"gXYZ", b"rXYZ"), (b"tmp1", b"gXYZ")):
        at = profile.index(name, 128)
        profile[at : at + 4] = other
    text = "sRGB built-in"
    for encoded in (text.encode("utf-16-be"), text.encode()):
        while (at := profile.find(encoded)) >= 0:
            profile[at : at + len(encoded)] = "exchanged red".encode("utf-16-be" if len(encoded) > 13 else "ascii")
    return bytes(profile)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_colours_are_converted_from_the_profile_to_srgb(tmp_path, gradient, name):
    picture(gradient).save(tmp_path / name, icc_profile=swapped_primaries(), quality=100)
    seen = gradient[..., [0, 2, 1]].astype(int)
    assert np.abs(read_image(tmp_path / name) - seen).mean() < (1 if name in ("a.png", "a.tif") else 3)


def test_a_transparent_picture_and_a_print_have_profiles_too(tmp_path, gradient):
    clear = picture(gradient)
    clear.putalpha(128)
    clear.save(tmp_path / "clear.png", icc_profile=swapped_primaries())
    pixels = read_photo(tmp_path / "clear.png").pixels
    assert np.abs(pixels[..., :3] - gradient[..., [0, 2, 1]].astype(int)).max() <= 2
    assert (pixels[..., 3] == 128).all()


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()])
def test_a_profile_of_srgb_or_none_at_all_changes_nothing(tmp_path, gradient, profile):
    picture(gradient).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_image(tmp_path / "a.png"), gradient)
    picture(gradient).convert("L").save(tmp_path / "grey.png", icc_profile=profile)
    assert read_image(tmp_path / "grey.png").shape == gradient.shape


def exif_of_a_camera():
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Maker", "Camera", 6
    exif[Base.DateTime] = "2026:11:29 12:00:00"
    details = exif.get_ifd(IFD.Exif)
    details[Base.DateTimeOriginal], details[Base.MakerNote] = "2026:11:28 09:00:00", b"\1" * 5000
    details[Base.ColorSpace] = 65535
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    return exif


@pytest.mark.parametrize("given", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("made", ["b.jpg", "b.png", "b.webp", "b.tif"])
def test_date_camera_place_and_resolution_are_kept(tmp_path, gradient, given, made):
    picture(gradient).save(tmp_path / given, exif=exif_of_a_camera().tobytes(), dpi=(300, 240))
    photo = read_photo(tmp_path / given)
    assert photo.pixels.shape == (64, 48, 3)  # upright
    write_image(tmp_path / made, photo.pixels, exif=photo.exif, dpi=photo.dpi)
    with Image.open(tmp_path / made) as written:
        exif = written.getexif()
        details = exif.get_ifd(IFD.Exif)
        assert (exif[Base.Make], exif[Base.Model], exif[Base.DateTime]) == ("Maker", "Camera", "2026:11:29 12:00:00")
        assert exif.get(Base.Orientation, 1) == 1
        assert details[Base.DateTimeOriginal] == "2026:11:28 09:00:00"
        assert details[Base.ColorSpace] == 1
        assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == written.size == (48, 64)
        assert Base.MakerNote not in details
        assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] == "N"
        if given != "a.webp" and made != "b.webp":  # WebP has no field for it
            assert [round(float(value)) for value in written.info["dpi"]] == [300, 240]
    assert np.array_equal(read_image(tmp_path / made), photo.pixels) or made in ("b.jpg", "b.webp")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_or_immense_exif_block_is_left_out(tmp_path, gradient):
    picture(gradient).save(tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(40))
    assert read_photo(tmp_path / "a.png").exif == b""
    exif = Image.Exif()
    exif[Base.ImageDescription] = "long " * 20000
    picture(gradient).save(tmp_path / "b.png", exif=exif)
    assert read_photo(tmp_path / "b.png").exif == b""


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_transparency_is_written_and_read_back(tmp_path, gradient, name):
    alpha = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None], 48, axis=0)
    write_image(tmp_path / name, gradient, alpha=alpha)
    photo = read_photo(tmp_path / name)
    assert np.array_equal(photo.alpha, alpha)
    assert np.abs(photo.pixels[:, 20:, :3].astype(int) - gradient[:, 20:]).mean() < (8 if name == "a.webp" else 1)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "pages.tif"])
def test_the_first_of_several_pictures_is_read(tmp_path, gradient, name):
    first = picture(gradient)
    first.save(tmp_path / name, save_all=True, append_images=[first.rotate(180)], lossless=True)
    photo = read_photo(tmp_path / name)
    assert photo.several
    assert np.abs(photo.pixels[..., :3].astype(int) - gradient).mean() < 12
    first.save(tmp_path / "single.gif")
    assert not read_photo(tmp_path / "single.gif").several
    first.save(tmp_path / "gain map.jpg", "MPO", save_all=True, append_images=[first])  # what telephones write
    assert not read_photo(tmp_path / "gain map.jpg").several


@pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow has no AVIF")
def test_avif_is_read(tmp_path, gradient):
    picture(gradient).save(tmp_path / "a.avif", quality=90)
    assert images_in(tmp_path) == [tmp_path / "a.avif"]
    assert np.abs(read_image(tmp_path / "a.avif").astype(int) - gradient).mean() < 6


@pytest.mark.skipif(importlib.util.find_spec("pi_heif") is None, reason="the extra heic is not installed")
def test_heic_is_read(gradient):
    photo = read_photo(HEIC)
    assert np.abs(photo.pixels.astype(int) - gradient).mean() < 8
    assert b"Phone" in photo.exif


def test_heic_without_its_extra_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    for name in ("a.heic", "b.HEIC", "renamed.jpg"):
        (tmp_path / name).write_bytes(HEIC.read_bytes())
    with pytest.raises(SourceError, match=re.escape(install_command("heic"))):
        read_image(tmp_path / "renamed.jpg")
    told = []
    assert images_in(tmp_path, told.append) == [tmp_path / "renamed.jpg"]
    assert told == ["2 pictures passed over: HEIC needs pi-heif: " + install_command("heic")]


@pytest.mark.parametrize("cut", [0.3, 0.9])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.gif"])
def test_a_picture_that_was_cut_off_is_an_error(tmp_path, gradient, name, cut):
    picture(np.random.default_rng(3).integers(0, 255, (48, 64, 3), np.uint8)).save(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(SourceError, match=f"{name} is damaged or not an image"):
        read_image(tmp_path / name)
