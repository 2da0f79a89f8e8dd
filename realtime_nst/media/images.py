"""Still images in and out: PNG, JPEG, WebP, TIFF and BMP, and what else Pillow reads."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import secrets
import stat
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
from PIL import ImageCms, ImageOps, features
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH

from ..errors import InputError, OutputError, SourceError
from ..frames import Image, check_image
from .exif import kept_exif
from .paths import replace

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""Endings of the image files that can be written, in lower case."""
HEIC_SUFFIXES = (".heic", ".heif", ".hif")
READ_SUFFIXES = (*SUFFIXES, ".gif", ".apng", ".avif", *HEIC_SUFFIXES)
"""Endings of the image files that are looked for in a folder, in lower case."""
ALPHA_SUFFIXES = (".png", ".webp", ".tif", ".tiff")
"""Endings of the image files that can hold transparency, in lower case."""
MAX_PIXELS = 200_000_000
"""Largest image that is decoded by default: twice that of the largest cameras. In memory it takes 1.6 GB."""

_FORMATS = {  # the plugin of Pillow that reads each format; others stay unused, which keeps what can be attacked small
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
_HEIC_ADVICE = "HEIC needs pi-heif: pip install 'realtime-nst[heic]'"
_HEADER_BYTES = 32
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers SOF0 to SOF15 of a JPEG."""
_STRIP = 256
"""Rows converted at once, so that a conversion takes little memory beside its result."""


class Photo(NamedTuple):
    """A still image and what its file says of it."""

    pixels: Image
    """uint8, H x W x 3 (BGR) or H x W x 4 (BGR and straight alpha), upright, sRGB."""
    exif: bytes
    """The EXIF block for a copy; see `kept_exif`."""
    dpi: tuple[float, float] | None
    """Dots per inch, across and down."""
    several: bool
    """Whether the file holds more images (frames, pages) than this, its first."""

    @property
    def alpha(self) -> Image | None:
        """The opacity, uint8 H x W; None if the file has no transparency."""
        return self.pixels[..., 3] if self.pixels.shape[2] == 4 else None


def read_image(path: str | Path, error: type[InputError] = SourceError, *, max_pixels: int = MAX_PIXELS) -> Image:
    """Read an image file.

    EXIF orientation is applied, 16-bit values are cut to their upper 8 bits, grey becomes BGR, transparency is laid
    over white, colours are converted from the file's colour profile to sRGB. Of several images in a file the first
    is read.

    Args:
        path: the file.
        error: the class of error to raise.
        max_pixels: the largest number of pixels that is decoded; the size is read from the file's header first.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if the file is missing, too large or not an image.
    """
    return over_white(read_photo(path, error, max_pixels=max_pixels).pixels)


def read_photo(path: str | Path, error: type[InputError] = SourceError, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Read an image file as `read_image` does, with its transparency and what it says of itself."""
    path = Path(path)
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
        name: what an error message calls it.
        error: the class of error to raise.
        max_pixels: the largest number of pixels that is decoded.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if it is not an image or too large.
    """
    return over_white(_decode(io.BytesIO(data), name, error, max_pixels).pixels)


def check_pixels(
    size: tuple[int, int],
    name: str,
    error: type[Exception],
    max_pixels: int = MAX_PIXELS,
    advice: str = "scale it down first, or raise the limit (--max-pixels of `image` and `styles add`)",
) -> None:
    """Raise `error` if an image of this size (width, height) has more than `max_pixels`."""
    width, height = size
    if width * height > max_pixels:
        raise error(
            f"{name} has {width}x{height} pixels, more than the limit of {max_pixels / 1e6:g} million; {advice}"
        )


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the frame header of a JPEG (ITU-T T.81, B.2.2); None if it has none."""
    at = 2 if data[:2] == b"\xff\xd8" else len(data)
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 9:
        marker = data[at + 1]
        if marker in (0x00, 0xFF):  # fill bytes
            at += 1
        elif marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        elif marker == 0xDA:  # the pixels begin
            return None
        else:
            alone = marker == 0x01 or 0xD0 <= marker <= 0xD8  # markers without a segment
            at += 2 if alone else 2 + max(int.from_bytes(data[at + 2 : at + 4], "big"), 2)
    return None


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def _decode(file: IO[bytes], name: str, error: type[InputError], max_pixels: int) -> Photo:
    head = file.read(_HEADER_BYTES)
    if size := _webp_size(head):
        check_pixels(size, name, error, max_pixels)
    try:
        picture = _open(file, head)
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
        with contextlib.suppress(Exception):  # an EXIF block that is damaged says nothing
            picture = ImageOps.exif_transpose(picture)
        return Photo(_bgr(_srgb(_eight_bits(picture), profile)), exif, dpi, several)
    except InputError:
        raise
    except Exception as reason:  # what damaged bytes make a decoder raise has no end
        raise error(
            f"{name} is damaged or not an image that can be read ({reason or type(reason).__name__}); "
            "open it in another program and save it anew"
        ) from reason


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the header of a WebP file (RFC 9649, section 2); None for other formats.

    Opening a WebP file with Pillow allocates the memory of two canvases.
    """
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return None
    if head[12:16] == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


def _open(file: IO[bytes], head: bytes) -> Any:
    """Return the image as Pillow opens it, nothing of it decoded; None if it is of no known format.

    `PIL.Image.open` would apply a limit that is global to the process.
    """
    for name, plugin in _FORMATS.items():
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
        factory, accept = PIL.Image.OPEN[name]
        if accept is None or accept(head) is True:
            file.seek(0)
            with contextlib.suppress(SyntaxError, IndexError, TypeError, struct.error):  # as PIL.Image.open does
                return factory(file, "")
    if _is_heic(head) and _can_read_heic():
        from pi_heif import HeifImageFile

        file.seek(0)
        return HeifImageFile(file)
    return None


def _is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS


def _can_read_heic() -> bool:
    return importlib.util.find_spec("pi_heif") is not None


def _unreadable(head: bytes, name: str) -> str:
    if _is_heic(head) and not _can_read_heic():
        return f"cannot read {name}: {_HEIC_ADVICE}"
    return (
        f"{name} is not an image that can be read; "
        f"give a file of one of these kinds: {', '.join(s[1:] for s in READ_SUFFIXES)}"
    )


def _dpi(stored: Any) -> tuple[float, float] | None:
    """Return a resolution that another file can hold; None if there is none."""
    try:
        across, down = (float(value) for value in stored)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 1 <= across < 65536 and 1 <= down < 65536 else None


def _eight_bits(picture: Any) -> Any:
    """Return the image with its modes of more than 8 bits, or fewer, as modes of 8; a palette as its colours."""
    if picture.mode.startswith("I"):  # 16 bits
        values: npt.NDArray[np.int64] = np.asarray(picture).astype(np.int64)
        return PIL.Image.fromarray((values.clip(0, 65535) >> 8).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its values are floating-point numbers")
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _srgb(picture: Any, profile: bytes | None) -> Any:
    """Return an image of mode L, RGB, RGBA or CMYK as RGB or RGBA, its colours converted from `profile` to sRGB."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colors = picture.convert("RGB") if alpha else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else None
        if source and "srgb" not in ImageCms.getProfileDescription(source).lower():
            cms: Any = ImageCms  # its functions are typed in part
            colors = cms.profileToProfile(colors, source, cms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        pass  # a profile that is damaged, or of another kind of colours than the pixels, says nothing
    colors = colors.convert("RGB") if colors.mode != "RGB" else colors
    if alpha:
        colors.putalpha(alpha)
    return colors


def _bgr(picture: Any) -> Image:
    """Return an image of mode RGB or RGBA as uint8 BGR, H x W x 3, or BGRA, H x W x 4."""
    width, height = picture.size
    order = cv2.COLOR_RGBA2BGRA if picture.mode == "RGBA" else cv2.COLOR_RGB2BGR
    pixels = np.empty((height, width, len(picture.mode)), np.uint8)
    for top in range(0, height, _STRIP):
        strip = picture.crop((0, top, width, min(top + _STRIP, height)))
        pixels[top : top + _STRIP] = cv2.cvtColor(np.asarray(strip), order)
    return pixels


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
    for top in range(0, len(pixels), _STRIP):
        strip = pixels[top : top + _STRIP].astype(np.float32)
        alpha = strip[..., 3:] / 255.0
        image[top : top + _STRIP] = np.rint(strip[..., :3] * alpha + 255.0 * (1.0 - alpha))
    return image


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
        quality: of JPEG and WebP, 1 to 100.
        alpha: opacity, uint8 H x W, for the formats of `ALPHA_SUFFIXES`.
        exif: an EXIF block; BMP holds none.
        dpi: dots per inch, across and down; WebP holds none.

    Returns:
        The file.

    Raises:
        OutputError: if the ending is unknown or the file cannot be written.
        ValueError: if `image` is not a valid image.
    """
    check_image(image)
    path = Path(path)
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
    partial = path.with_name(f"{secrets.token_hex(12)}.part")
    try:
        try:
            # The system applies the umask. tempfile would not, and to read it is to change it for all threads.
            with partial.open("xb") as file:
                file.write(data)
            replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    return path


def _encoded(picture: Any, ending: str, quality: int, exif: bytes, dpi: tuple[float, float] | None) -> bytes:
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        ".png": ("PNG", {"compress_level": 1}),  # level 6, the default, is 15 % smaller and takes 7 times as long
        ".webp": ("WEBP", {"quality": quality}),
        ".tif": ("TIFF", {"compression": "tiff_lzw"}),
        ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
        ".bmp": ("BMP", {}),
    }
    kind, settings = kinds.get(ending, ("JPEG", {"quality": quality}))
    if exif:
        settings["exif"] = exif
        settings.pop("compression", None)  # Pillow cannot write the directories of an EXIF block with it
    if dpi:
        settings["dpi"] = dpi
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    return file.getvalue()


def images_in(folder: Path, notify: Callable[[str], None] = lambda message: None) -> list[Path]:
    """Return the image files directly in a folder, by name, without hidden ones.

    Args:
        notify: receives a sentence on the files that are passed over because they cannot be read here.

    Raises:
        SourceError: if the folder may not be read.
    """
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_dir()]
        return readable(sorted(files), notify)
    except OSError as reason:
        raise SourceError(f"cannot read the folder {folder}: {reason.strerror or reason}") from reason


def readable(paths: Iterable[Path], notify: Callable[[str], None]) -> list[Path]:
    """Return those of `paths` that image files may be, by their endings; see `images_in`."""
    found: list[Path] = []
    passed_over: Counter[str] = Counter()
    for path in paths:
        ending = path.suffix.lower()
        if ending in HEIC_SUFFIXES and not _can_read_heic():
            passed_over[_HEIC_ADVICE] += 1
        elif ending == ".avif" and not features.check("avif"):
            passed_over["AVIF needs another build of Pillow: pip install --upgrade pillow"] += 1
        elif ending in READ_SUFFIXES:
            found.append(path)
    for advice, number in passed_over.items():
        notify(f"{number} picture{'s' if number > 1 else ''} passed over: {advice}")
    return found
