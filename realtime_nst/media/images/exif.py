"""The part of a photo's EXIF block that its stylized copy keeps."""

from __future__ import annotations

from PIL.ExifTags import IFD, Base
from PIL.Image import Exif, Image

KEPT = (Base.ImageDescription, Base.Make, Base.Model, Base.DateTime, Base.Artist, Base.Copyright, Base.HostComputer)
"""Tags of the first directory that say what the photo is. In a TIFF the same directory describes the pixels."""
DROPPED = (Base.MakerNote, IFD.Interop)
"""Tags of the EXIF directory that hold offsets into the original file, or describe its colour space."""
MAX_BYTES = 60_000
"""Largest EXIF block in bytes: that of a JPEG."""
_SRGB = 1
_TURNED = (5, 6, 7, 8)
"""Orientations that swap width and height."""


def kept_exif(picture: Image) -> bytes:
    """Return the EXIF block for an upright sRGB copy: the original's camera, time, place and exposure.

    The orientation becomes 1 (upright), the colour space sRGB; thumbnail, maker notes and the tags that describe how
    the original's pixels are stored are left out.

    Args:
        picture: the original, opened but not loaded: once Pillow has loaded a TIFF, some of its tags are gone.

    Returns:
        The block, beginning with "Exif"; empty if there is nothing to keep or the original block cannot be read.
    """
    kept = Exif()
    try:
        original = picture.getexif()
        for tag in KEPT:
            if tag in original:
                kept[tag] = original[tag]
        details = {tag: value for tag, value in original.get_ifd(IFD.Exif).items() if tag not in DROPPED}
        place = dict(original.get_ifd(IFD.GPSInfo))
        if not (kept or details or place):
            return b""
        # For a TIFF, Pillow states the size of the upright image.
        turned = picture.format != "TIFF" and original.get(Base.Orientation, 1) in _TURNED
        width, height = picture.size[::-1] if turned else picture.size
        kept[Base.Orientation] = 1
        details |= {Base.ColorSpace: _SRGB, Base.ExifImageWidth: width, Base.ExifImageHeight: height}
        for directory, content in ((IFD.Exif, details), (IFD.GPSInfo, place)):
            if content:
                kept[directory] = content
        block = kept.tobytes()
    except Exception:  # a damaged block can fail in any way, and the pixels do not depend on it
        return b""
    return block if len(block) <= MAX_BYTES else b""
