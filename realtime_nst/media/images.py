"""Still images in and out: PNG, JPEG, WebP, TIFF and BMP, through OpenCV's codecs."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError, OutputError, SourceError
from ..frames import Image, check_image
from .exif import upright

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""Endings of the image files that are looked for in a folder and that can be written, in lower case."""


def read_image(path: str | Path, error: type[InputError] = SourceError) -> Image:
    """Read an image file of any size.

    EXIF orientation is applied, 16-bit values are cut to their upper 8 bits, grey becomes BGR, transparency is laid
    over white. Of several images in a file the first is read. Colour profiles are ignored.

    Args:
        path: the file.
        error: the class of error to raise.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if the file is missing or is not an image.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as reason:
        raise error(f"cannot read {path}: {reason.strerror or reason}") from reason
    return decode_image(data, str(path), error)


def decode_image(data: bytes, name: str, error: type[InputError] = SourceError) -> Image:
    """Decode the bytes of an image file, as `read_image` does.

    Args:
        data: the content of the file.
        name: what an error message calls it.
        error: the class of error to raise.

    Returns:
        uint8 BGR, H x W x 3, upright.

    Raises:
        InputError: `error`, if it is not an image.
    """
    buffer = np.frombuffer(data, np.uint8)
    image = transparent = None
    with contextlib.suppress(cv2.error):
        image = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if buffer.size else None
        transparent = None if image is None else _decode_transparent(data, buffer)
    if image is None:
        raise error(
            f"{name} is not a picture that can be read; "
            f"give a file of one of these kinds: {', '.join(s[1:] for s in SUFFIXES)}"
        )
    return np.ascontiguousarray(cast(Image, image) if transparent is None else over_white(transparent))


def _decode_transparent(data: bytes, buffer: npt.NDArray[np.uint8]) -> npt.NDArray[Any] | None:
    """Return the image as BGRA, uint8 or uint16, upright; None if it has no transparency."""
    decoded, kinds, metadata = cv2.imdecodeWithMetadata(buffer, cv2.IMREAD_UNCHANGED)
    bgra = cast("npt.NDArray[Any] | None", decoded)
    if bgra is None or bgra.ndim != 3 or bgra.shape[2] != 4:
        return None
    if data[:4] in (b"II*\0", b"MM\0*"):
        # OpenCV turns TIFFs upright itself, and returns those of 8 bits with alpha multiplied into their colours.
        return _unpremultiplied(bgra) if bgra.dtype == np.uint8 else bgra
    exif = next((block for kind, block in zip(kinds, metadata) if kind == cv2.IMAGE_METADATA_EXIF), None)
    return bgra if exif is None else upright(bgra, np.asarray(exif).tobytes())


def _unpremultiplied(bgra: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Divide alpha, which was multiplied into the colours, out of them."""
    alpha = np.maximum(bgra[..., 3:], 1).astype(np.float32)
    colour = np.minimum(np.rint(bgra[..., :3] * (255.0 / alpha)), 255).astype(np.uint8)
    return np.concatenate([colour, bgra[..., 3:]], axis=2)


def over_white(bgra: npt.NDArray[Any]) -> Image:
    """Lay an image with transparency over white.

    Args:
        bgra: uint8 or uint16, H x W x 4, with straight alpha.

    Returns:
        uint8 BGR, H x W x 3.
    """
    full = np.iinfo(bgra.dtype).max
    alpha = bgra[..., 3:].astype(np.float32) / full
    colour = bgra[..., :3].astype(np.float32) * (255.0 / full)
    return np.rint(colour * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)


def write_image(path: str | Path, image: Image, quality: int = 95) -> Path:
    """Write an image in the format that the ending of `path` names, completely or not at all.

    Args:
        path: the file; an existing one is replaced.
        image: uint8 BGR, H x W x 3.
        quality: of JPEG and WebP, 1 to 100.

    Returns:
        The file.

    Raises:
        OutputError: if the ending is unknown or the file cannot be written.
        ValueError: if `image` is not a valid image.
    """
    check_image(image)
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in SUFFIXES:
        raise OutputError(f"cannot write {path}: its ending must be one of {', '.join(SUFFIXES)}")
    keys = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".jpeg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
    encoded, data = cv2.imencode(ending, image, [keys[ending], quality] if ending in keys else [])
    if not encoded:
        raise OutputError(f"cannot write {path}: a picture of {image.shape} does not fit this format")
    partial = path.with_name(f"{path.stem}.{secrets.token_hex(8)}.part")
    try:
        try:
            # The system applies the umask. tempfile would not, and to read it is to change it for all threads.
            with partial.open("xb") as file:
                file.write(data.tobytes())
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    return path


def images_in(folder: Path) -> list[Path]:
    """Return the image files directly in a folder, by name, without hidden ones."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
