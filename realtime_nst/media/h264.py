"""What every video file written here is: H.264, yuv420p, BT.709 and so tagged, and playable after a kill."""

from __future__ import annotations

from fractions import Fraction

import cv2
import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ..errors import OutputError
from ..frames import Image

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf")
"""Encoders that need a device; FFmpeg lists them whether or not it is there."""


def choose_encoder(asked: str, size: tuple[int, int], notices: list[str]) -> str:
    """The encoder for pictures of `size` (height, width): `asked`, or for "auto" the first of HARDWARE that opens.

    What does not open is named in `notices` and libx264 taken, as it is where "auto" finds no device.
    Raises OutputError where the one asked for does not exist.
    """
    if asked == "auto":
        found = next((name for name in HARDWARE if _exists(name) and _opens(name, size)), "libx264")
        if found != "libx264":
            notices.append(f"encoding with {found}; --encoder libx264 makes smaller files, slower")
        return found
    if not _exists(asked):
        raise OutputError(f"there is no H.264 encoder {asked}; try --encoder libx264 or auto")
    if not _opens(asked, size):
        notices.append(f"the encoder {asked} does not open on this machine: encoding with libx264 instead")
        return "libx264"
    return asked


def _exists(encoder: str) -> bool:
    try:
        return av.Codec(encoder, "w").canonical_name == "h264"
    except av.codec.codec.UnknownCodecError:
        return False


def _opens(encoder: str, size: tuple[int, int]) -> bool:
    """Whether the encoder takes a frame of this size: the only way to know that its device is there."""
    height, width = size
    context = av.CodecContext.create(encoder, "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, height, "yuv420p", Fraction(1, 30)
    try:
        context.encode(av.VideoFrame(width, height, "yuv420p"))
        context.encode(None)
    except (av.error.FFmpegError, OSError):
        return False
    return True


def encoder_options(encoder: str, crf: int, preset: str) -> dict[str, str]:
    """Constant quality `crf` in the encoder's own words."""
    return {
        "libx264": {"crf": str(crf), "preset": preset},
        "h264_nvenc": {"rc": "vbr", "cq": str(crf), "b:v": "0"},
        "h264_qsv": {"global_quality": str(crf)},
        "h264_videotoolbox": {"q:v": str(max(1, 100 - 2 * crf))},
        "h264_amf": {"rc": "cqp", "qp_i": str(crf), "qp_p": str(crf)},
    }.get(encoder, {})


def describe(stream: av.VideoStream, size: tuple[int, int], time_base: Fraction) -> None:
    """Set up a new stream for pictures of `size` (height, width, both even), tagged as what `to_video` makes."""
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    stream.time_base = context.time_base = time_base
    context.colorspace = int(Colorspace.ITU709)
    context.color_range = int(ColorRange.MPEG)
    context.color_primaries = int(ColorPrimaries.BT709)
    context.color_trc = int(ColorTrc.BT709)


def to_video(image: Image, pts: int, time_base: Fraction) -> av.VideoFrame:
    """A picture with even sides as a yuv420p frame, BT.709, limited range."""
    frame = av.VideoFrame.from_numpy_buffer(image, format="bgr24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, interpolation="AREA"
    )
    frame.pts = pts
    frame.time_base = time_base
    return frame


def even(image: Image) -> Image:
    """The picture with its last row and column doubled where a side is odd, as yuv420p needs even sides."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return image


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """`even(picture)`, scaled where that is not of `size` (height, width)."""
    image = even(image)
    if image.shape[:2] != size:
        image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return image


def even_size(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) as `even` makes them."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2
