"""The eight ways in which a container can ask for its pictures to be displayed."""

import struct

import cv2
import av
import numpy as np
import pytest

from realtime_nst.sources.clip import ClipSource

SIZE = (48, 64)
TURNS = {  # a, b, c, d of the display matrix, and what a program that obeys it shows
    "as it is": ((1, 0, 0, 1), lambda image: image),
    "right": ((0, 1, -1, 0), lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)),
    "half": ((-1, 0, 0, -1), lambda image: cv2.rotate(image, cv2.ROTATE_180)),
    "left": ((0, -1, 1, 0), lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)),
    "mirrored": ((-1, 0, 0, 1), lambda image: cv2.flip(image, 1)),
    "upside down": ((1, 0, 0, -1), lambda image: cv2.flip(image, 0)),
    "transposed": ((0, 1, 1, 0), cv2.transpose),
    "transversed": ((0, -1, -1, 0), lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)),
}


@pytest.fixture(scope="module")
def picture():
    """Dark, but for three corners of different levels."""
    image = np.full((*SIZE, 3), 30, np.uint8)
    image[:16, :16], image[:16, -16:], image[-16:, :16] = 90, 160, 230
    return image


@pytest.mark.parametrize("turn", TURNS)
def test_a_clip_is_shown_as_its_container_asks(tmp_path, picture, turn):
    path = tmp_path / "a.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=10, options={"crf": "1"})
        stream.height, stream.width = SIZE
        output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode(None))
    (a, b, c, d), obey = TURNS[turn]
    data, one = bytearray(path.read_bytes()), 1 << 16
    at = data.find(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    source = ClipSource(path)
    shown, expected = source.read().image, obey(picture)
    source.close()
    assert source.size == expected.shape[:2] and shown.flags.c_contiguous
    assert np.abs(shown.astype(int) - expected).mean() < 3
