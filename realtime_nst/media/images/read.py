"""Image files in."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

from ... import _arguments
from ...errors import InputError, SourceError
from ...frames import Image
from .decode import STRIP, is_heic, open_image, to_pixels
from .exif import kept_exif
from .files import HEIC_ADVICE, READ_SUFFIXES, can_read_heic
from .size import MAX_PIXELS, check_pixels, webp_size

_HEADER_BYTES = 32


class Photo(NamedTuple):
    """A still image with the metadata of its file."""

    pixels: Image
    """uint8, H x W x 3 (BGR) or H x W x 4 (BGR and straight alpha), upright, sRGB."""
    exif: bytes
    """The EXIF block for a copy; see `kept_exif`."""
    dpi: tuple[float, float] | None
    """Dots per inch, horizontal and vertical."""
    several: bool
    """Whether the file holds more images (frames, pages) than this one, the first."""

    @property
    def alpha(self) -> Image | None:
        """The opacity, uint8 H x W; None if the file has no transparency."""
        return self.pixels[..., 3] if self.pixels.shape[2] == 4 else None


def read_image(path: str | Path, error: type[InputError] = SourceError, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read an image file.

    EXIF orientation is applied, 16-bit values are reduced to their upper 8 bits, grey becomes BGR, transparency is laid
    over white, and colours are converted from the file's colour profile to sRGB. If a file holds several images, the
    first one is read.

    Args:
        path: the file.
        error: the class of error to raise.
        max_pixels: the largest number of pixels that is decoded; the size is read from the file's header first.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if the file is missing, too large or not an image.
        ArgumentError: if `path` is not a path.
    """
    return over_white(read_photo(path, error, max_pixels=max_pixels).pixels)


def read_photo(path: str | Path, error: type[InputError] = SourceError, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read an image file as `read_image` does, but keep its transparency and metadata."""
    path = _arguments.path("the file of a picture", path)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device may never end
            raise error(f"cannot read {path}: it is {_kind(found.st_mode)}; give an image file")
        most = max(8 * max_pixels, 1 << 26)  # bytes of uncompressed pixels with four values of 16 bits, or metadata
        if found.st_size > most:
            raise error(f"cannot read {path}: it is larger than {most / 1e9:.1f} GB; give a smaller image")
        with path.open("rb") as file:
            return _decode(file, str(path), error, max_pixels)
    except OSError as reason:
        raise error(f"cannot read {path}: {reason.strerror or reason}") from reason


def decode_image(
    data: bytes, name: str, error: type[InputError] = SourceError, *, max_pixels: int = MAX_PIXELS
) -> Image:
    """Decode the bytes of an image file, as `read_image` does.

    Args:
        data: the content of the file.
        name: its name in error messages.
        error: the class of error to raise.
        max_pixels: the largest number of pixels that is decoded.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if it is not an image or too large.
    """
    return over_white(_decode(io.BytesIO(data), name, error, max_pixels).pixels)


def over_white(pixels: npt.NDArray[Any]) -> Image:
    """Lay an image with transparency over white.

    Args:
        pixels: uint8, H x W x 4, with straight alpha; H x W x 3 is returned as it is.

    Returns:
        uint8 BGR, H x W x 3.
    """
    if pixels.shape[2] == 3:
        return pixels
    image = np.empty((*pixels.shape[:2], 3), np.uint8)
    for top in range(0, len(pixels), STRIP):
        strip = pixels[top : top + STRIP].astype(np.float32)
        alpha = strip[..., 3:] / 255.0
        image[top : top + STRIP] = np.rint(strip[..., :3] * alpha + 255.0 * (1.0 - alpha))
    return image


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def _decode(file: IO[bytes], name: str, error: type[InputError], max_pixels: int) -> Photo:
    head = file.read(_HEADER_BYTES)
    if size := webp_size(head):
        check_pixels(size, name, error, max_pixels)
    try:
        picture = open_image(file, head)
        if picture is None:
            raise error(_unreadable(head, name))
        check_pixels(picture.size, name, error, max_pixels)
        if picture.format == "TIFF":  # its tiles may be larger than the image, and are decoded whole
            tile = picture.tag_v2.get(TILEWIDTH, 0), picture.tag_v2.get(TILELENGTH, 0)
            check_pixels(tile, f"a tile of {name}", error, max_pixels)
        several = picture.format not in ("MPO", "HEIF") and getattr(picture, "is_animated", False)
        dpi = _dpi(picture.info.get("dpi"))
        exif, profile = kept_exif(picture), picture.info.get("icc_profile")
        picture.load()
        return Photo(to_pixels(picture, profile), exif, dpi, several)
    except InputError:
        raise
    except Exception as reason:  # damaged bytes can make a decoder raise anything
        raise error(
            f"{name} is damaged or not an image that can be read ({reason or type(reason).__name__}); "
            "open it in another program and save it anew"
        ) from reason


def _dpi(stored: Any) -> tuple[float, float] | None:
    """Return a resolution that another file can hold; None if there is none."""
    try:
        across, down = (float(value) for value in stored)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across < 65536 and 1 <= down < 65536 else None


def _unreadable(head: bytes, name: str) -> str:
    if is_heic(head) and not can_read_heic():
        return f"cannot read {name}: {HEIC_ADVICE}"
    return (
        f"{name} is not an image that can be read; "
        f"give a file of one of these kinds: {', '.join(s[1:] for s in READ_SUFFIXES)}"
    )
