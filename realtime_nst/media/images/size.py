"""The number of pixels that an image file announces, checked before their memory is allocated."""

from __future__ import annotations

import struct

MAX_PIXELS = 200_000_000
"""Largest image that is decoded by default: twice that of the largest cameras. Reading one takes 1.4 GB."""
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers SOF0 to SOF15 of a JPEG."""


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


def webp_size(head: bytes) -> tuple[int, int] | None:
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
