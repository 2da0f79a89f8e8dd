"""Still pictures in and out: PNG, JPEG, WebP, TIFF and BMP, through OpenCV's codecs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError, OutputError, SourceError
from ..frames import Image, check_image
from .exif import upright

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""The endings that a folder of pictures is searched for and that can be written, lower case."""


def read_image(path: str | Path, error: type[InputError] = SourceError) -> Image:
    """Read a picture of any size as uint8 BGR, H x W x 3, the right way up.

    EXIF orientation is applied; 16-bit values keep their upper 8 bits; grey becomes BGR; transparency is laid
    over white; of several pictures in a file the first is taken; colour profiles are not looked at. Raises `error`
    where the file is missing or no picture.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as reason:
        raise error(f"cannot read {path}: {reason.strerror or reason}") from reason
    return decode_image(data, str(path), error)


def decode_image(data: bytes, name: str, error: type[InputError] = SourceError) -> Image:
    """Decode an encoded picture as `read_image` does; `name` is what the error calls it."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if buffer.size else None
        stored = _with_transparency(data, buffer) if image is not None else None
    except cv2.error:
        image = None
    if image is None:
        raise error(
            f"{name} is not a picture that can be read; "
            f"give a file of one of these kinds: {', '.join(s[1:] for s in SUFFIXES)}"
        )
    return np.ascontiguousarray(image if stored is None else over_white(stored))


def _with_transparency(data: bytes, buffer: np.ndarray) -> np.ndarray | None:
    """The picture as BGRA of 8 or 16 bits, the right way up; None where it has no transparency."""
    stored, kinds, metadata = cv2.imdecodeWithMetadata(buffer, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim != 3 or stored.shape[2] != 4:
        return None
    if data[:4] in (b"II*\0", b"MM\0*"):
        # OpenCV turns TIFFs itself, and gives those of 8 bits with their colours multiplied by alpha.
        return _divided(stored) if stored.dtype == np.uint8 else stored
    exif = next((block for kind, block in zip(kinds, metadata) if kind == cv2.IMAGE_METADATA_EXIF), None)
    return stored if exif is None else upright(stored, np.asarray(exif).tobytes())


def _divided(bgra: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by alpha as they were before."""
    alpha = np.maximum(bgra[..., 3:], 1).astype(np.float32)
    colour = np.minimum(np.rint(bgra[..., :3] * (255.0 / alpha)), 255).astype(np.uint8)
    return np.concatenate([colour, bgra[..., 3:]], axis=2)


def over_white(bgra: np.ndarray) -> Image:
    """A picture with transparency (uint8 or uint16 BGRA, H x W x 4) laid over white."""
    full = np.iinfo(bgra.dtype).max
    alpha = bgra[..., 3:].astype(np.float32) / full
    colour = bgra[..., :3].astype(np.float32) * (255.0 / full)
    return np.rint(colour * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)


def write_image(path: str | Path, image: Image, quality: int = 95) -> Path:
    """Write a picture in the format that the file's ending names, whole or not at all.

    quality: of JPEG and WebP, 1 to 100.
    Raises OutputError where the ending is unknown or the folder cannot be written, ValueError for what is no picture.
    """
    check_image(image)
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"cannot write {path}: its ending must be one of {', '.join(SUFFIXES)}")
    keys = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".jpeg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}
    ending = path.suffix.lower()
    done, data = cv2.imencode(ending, image, [keys[ending], quality] if ending in keys else [])
    if not done:
        raise OutputError(f"cannot write {path}: a picture of {image.shape} does not fit this format")
    try:
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    except OSError as reason:
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}; choose another folder") from reason
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.tobytes())
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    except OSError as reason:
        Path(partial).unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {reason.strerror or reason}") from reason
    return path


def _umask() -> int:
    """The process's file mode mask: mkstemp ignores it, so it is applied by hand."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def images_in(folder: Path) -> list[Path]:
    """The picture files directly in a folder, by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
