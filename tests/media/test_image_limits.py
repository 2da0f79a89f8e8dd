"""Image files that announce more pixels than memory holds, and files that never end."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from realtime_nst.errors import CorruptFrameError, SourceError
from realtime_nst.media.images import decode_image, jpeg_size, read_image
from realtime_nst.sources.streams.jpeg import EncodedFrame

LARGE = 32000
"""A side of the images: with 3 bytes for a pixel, one takes 3 GB, which OpenCV still decodes."""


def saved(kind, size=(64, 48), **settings):
    file = io.BytesIO()
    Image.new("RGB", size, (40, 80, 120)).save(file, kind, **settings)
    return file.getvalue()


def webp(kind, content):
    chunk = kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def jpeg(height, width):
    data = saved("JPEG")
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", height, width) + data[at + 9 :]


def png():
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", LARGE, LARGE, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6)))


def bmp():
    data = bytearray(saved("BMP"))
    data[18:26] = struct.pack("<ii", LARGE, LARGE)
    return bytes(data)


def gif(width, height):
    screen, frame = struct.pack("<HHBBB", width, height, 0, 0, 0), struct.pack("<HHHHB", 0, 0, LARGE, LARGE, 0)
    return b"GIF89a" + screen + b"," + frame + b"\x02\x02\x44\x01\0;"


def tiff(side, tile=None):
    data = zlib.compress(bytes(10**6))
    tags = [(256, side), (257, side), (258, 8), (259, 8), (262, 1), (277, 1)]
    tags += [(322, tile), (323, tile), (324, None), (325, len(data))] if tile else []
    tags += [] if tile else [(273, None), (278, side), (279, len(data))]
    begin = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, 4, 1, begin if value is None else value) for tag, value in sorted(tags)
    )
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


EXPLOSIVE = {
    "lossless.webp": webp(b"VP8L", b"\x2f" + struct.pack("<I", 16383 | 16383 << 14) + bytes(9)),
    "canvas.webp": webp(b"VP8X", bytes(4) + (LARGE - 1).to_bytes(3, "little") * 2),
    "a.jpg": jpeg(LARGE, LARGE),
    "a.png": png(),
    "a.bmp": bmp(),
    "screen.gif": gif(LARGE, LARGE),
    "frame.gif": gif(8, 8),
    "a.tif": tiff(LARGE),
    "tile.tif": tiff(64, tile=LARGE),
    "a.ppm": b"P6 %d %d 255\n" % (LARGE, LARGE) + bytes(100),
}

READ = """
import resource, sys
from realtime_nst.errors import SourceError
from realtime_nst.media.images import read_image

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

for path in sys.argv[1:]:
    before = peak()
    try:
        read_image(path)
    except SourceError as error:
        print(peak() - before, error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in kilobytes on Linux")
def test_a_picture_that_explodes_is_refused_before_memory_is_taken(tmp_path):
    for name, data in EXPLOSIVE.items():
        assert len(data) < 20_000, name
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", READ, *EXPLOSIVE], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    answers = dict(zip(EXPLOSIVE, done.stdout.splitlines(), strict=True))
    assert done.returncode == 0, done.stderr
    for name, answer in answers.items():
        kilobytes, told = answer.split(" ", 1)
        assert int(kilobytes) < 50_000, (name, answer)
        assert name in told
        assert "pixels" in told and "limit" in told, answer


def test_the_limit_is_the_caller_s(tmp_path):
    (tmp_path / "a.png").write_bytes(saved("PNG"))
    assert read_image(tmp_path / "a.png", max_pixels=64 * 48).shape == (48, 64, 3)
    with pytest.raises(SourceError, match=r"64x48 pixels, more than the limit of 0.003 million.*--max-pixels"):
        read_image(tmp_path / "a.png", max_pixels=3000)
    with pytest.raises(SourceError, match="64x48 pixels"):
        decode_image(saved("WEBP"), "a download", max_pixels=3000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_what_never_ends_is_refused_in_words(tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    with pytest.raises(SourceError, match=r"fifo\.png: it is a pipe"):
        read_image(tmp_path / "fifo.png")
    with pytest.raises(SourceError, match="/dev/zero: it is a device"):
        read_image("/dev/zero")
    with pytest.raises(SourceError, match="it is a folder"):
        read_image(tmp_path)
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SourceError, match=r"larger than 1\.6 GB"):
        read_image(tmp_path / "huge.png")


@pytest.mark.parametrize(
    "settings", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(9000), "comment": b"\xff\xc0"}]
)
def test_the_size_of_a_jpeg_is_read_from_its_header(settings):
    data = saved("JPEG", **settings)
    assert jpeg_size(data) == (64, 48)
    assert jpeg_size(data[: data.index(b"\xff\xda")][:150]) is None
    assert jpeg_size(b"") is None and jpeg_size(saved("PNG")) is None


def test_a_camera_s_frame_that_explodes_is_a_corrupt_frame():
    def frame(data):
        return EncodedFrame(np.frombuffer(data, np.uint8), 0.0, "the camera")

    assert frame(jpeg(48, 64)).image.shape == (48, 64, 3)
    with pytest.raises(CorruptFrameError, match="a frame of the camera has 32000x32000 pixels"):
        _ = frame(jpeg(LARGE, LARGE)).image
    with pytest.raises(CorruptFrameError, match="cannot be decoded"):  # OpenCV would decode other formats, too
        _ = frame(saved("PNG")).image
