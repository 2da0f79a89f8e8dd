"""Opened image files as arrays, through Pillow."""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
from typing import IO, Any, cast

import cv2
import numpy as np
import PIL.Image
from PIL import ImageCms, ImageOps

from ...frames import Image
from .files import can_read_heic

_FORMATS = {  # Pillow's plugin for each format; the others stay unused, to keep the attack surface small
    "JPEG": "Jpeg",
    "PNG": "Png",
    "WEBP": "WebP",
    "TIFF": "Tiff",
    "BMP": "Bmp",
    "GIF": "Gif",
    "AVIF": "Avif",
    "JPEG2000": "Jpeg2K",
    "PPM": "Ppm",
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
"""Major brands of HEIF files of HEVC (ISO/IEC 23008-12, annex B)."""
STRIP = 256
"""Rows converted at once, so that a conversion needs little memory besides its result."""


def open_image(file: IO[bytes], head: bytes) -> Any:
    """Open an image file with Pillow, without decoding it.

    `PIL.Image.open` would apply a limit that is global to the process.

    Args:
        file: the file; it must stay open until the image is loaded.
        head: its first bytes, at least 16.

    Returns:
        The image; None if its format is unknown.
    """
    for name, plugin in _FORMATS.items():
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
        factory, accept = PIL.Image.OPEN[name]
        if accept is None or accept(head) is True:
            file.seek(0)
            with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):  # as PIL.Image.open does
                return factory(file, "")
    if is_heic(head) and can_read_heic():
        from pi_heif import HeifImageFile

        file.seek(0)
        return HeifImageFile(file)
    return None


def is_heic(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a HEIF file with HEVC coding."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def to_pixels(picture: Any, profile: bytes | None) -> Image:
    """Return a loaded image as uint8 BGR, H x W x 3, or BGRA, H x W x 4, upright, in sRGB.

    Args:
        picture: the image, as Pillow loaded it.
        profile: the ICC profile of its colours; None: sRGB.
    """
    with contextlib.suppress(Exception):  # a damaged EXIF block is ignored
        ImageOps.exif_transpose(picture, in_place=True)
    return _bgr(_srgb(_eight_bits(picture), profile))


def _eight_bits(picture: Any) -> Any:
    """Return the image with 8 bits per value; a palette is replaced by its colours."""
    if picture.mode.startswith("I"):  # 16 bits
        return PIL.Image.fromarray((np.asarray(picture).clip(0, 65535) >> 8).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its values are floating-point numbers")
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _srgb(picture: Any, profile: bytes | None) -> Any:
    """Return an image of mode L, RGB, RGBA or CMYK as RGB or RGBA, its colours converted from `profile` to sRGB."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colors: Any = picture.convert("RGB") if alpha else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None
        if source and "srgb" not in ImageCms.getProfileDescription(source).lower():
            srgb = cast("Any", ImageCms).createProfile("sRGB")  # its type stubs are incomplete
            colors = cast("Any", ImageCms.profileToProfile(colors, source, srgb, outputMode="RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass  # a profile that is damaged, or for another colour space than that of the pixels, is ignored
    colors = colors.convert("RGB") if colors.mode != "RGB" else colors
    if alpha:
        colors.putalpha(alpha)
    return colors


def _bgr(picture: Any) -> Image:
    """Return an image of mode RGB or RGBA as uint8 BGR, H x W x 3, or BGRA, H x W x 4."""
    width, height = picture.size
    order = cv2.COLOR_RGBA2BGRA if picture.mode == "RGBA" else cv2.COLOR_RGB2BGR
    pixels = np.empty((height, width, len(picture.mode)), np.uint8)
    for top in range(0, height, STRIP):
        strip = picture.crop((0, top, width, min(top + STRIP, height)))
        pixels[top : top + STRIP] = cv2.cvtColor(np.asarray(strip), order)
    return pixels
