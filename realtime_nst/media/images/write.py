"""Image files out."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import PIL.Image

from ... import _arguments
from ...errors import OutputError
from ...frames import Image, check_image
from ..paths import write_whole
from .files import SUFFIXES

_FORMATS: dict[str, str] = dict(zip(SUFFIXES, ("PNG", "JPEG", "JPEG", "WEBP", "TIFF", "TIFF", "BMP"), strict=True))
"""Pillow's name of the format for each extension."""


def write_image(
    path: str | Path,
    image: Image,
    quality: int = 95,
    *,
    alpha: Image | None = None,
    exif: bytes = b"",
    dpi: tuple[float, float] | None = None,
) -> Path:
    """Write an image in the format that the ending of `path` names, completely or not at all.

    Args:
        path: the file; an existing one is replaced.
        image: uint8 BGR, H x W x 3.
        quality: quality of JPEG and WebP, 1 to 100.
        alpha: opacity, uint8 H x W, for the formats of `ALPHA_SUFFIXES`.
        exif: an EXIF block; BMP files hold none.
        dpi: dots per inch, horizontal and vertical; WebP files hold none.

    Returns:
        The path of the file.

    Raises:
        OutputError: if the extension is unknown or the file cannot be written.
        ArgumentError: if `image` is not a valid image, or another argument has the wrong type or range.
    """
    path = _arguments.path("the first argument of write_image", path)
    check_image(image)
    quality = _arguments.whole_number("quality", quality, 1, 100)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write {path}: its ending must be one of {', '.join(SUFFIXES)}")
    picture = PIL.Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    if alpha is not None:
        picture.putalpha(PIL.Image.fromarray(alpha))
    try:
        data = _encoded(picture, path.suffix.lower(), quality, exif, dpi)
    except (OSError, ValueError, RuntimeError, struct.error) as reason:
        height, width = image.shape[:2]
        raise OutputError(f"cannot write {path}: {width}x{height} pixels do not fit this format ({reason})") from reason
    try:
        write_whole(path, data)
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    return path


def _encoded(picture: Any, ending: str, quality: int, exif: bytes, dpi: tuple[float, float] | None) -> bytes:
    settings: dict[str, Any] = {"exif": exif} if exif else {}
    if dpi:
        settings["dpi"] = dpi
    if ending == ".png":
        settings["compress_level"] = 1  # level 6, the default, is 15 % smaller and takes 7 times as long
    elif ending in (".jpg", ".jpeg", ".webp"):
        settings["quality"] = quality
    elif ending in (".tif", ".tiff") and not exif:  # Pillow cannot write the directories of an EXIF block with it
        settings["compression"] = "tiff_lzw"
    file = io.BytesIO()
    picture.save(file, _FORMATS[ending], **settings)
    return file.getvalue()
