"""H.264 as in every video file that is written here (yuv420p, tagged BT.709), and its encoders."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import cv2
import av
import numpy as np
from av.codec.codec import UnknownCodecError
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from ..errors import OutputError
from ..frames import Image
from ..process import cpu_limit

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_amf")
"""Encoders that need a device; FFmpeg lists them whether or not it is there."""


def choose_encoder(requested: str, size: tuple[int, int], notices: list[str]) -> str:
    """Return the encoder to use.

    Args:
        requested: FFmpeg's name of an encoder, or "auto": the first of HARDWARE that opens, otherwise libx264.
        size: (height, width) of the frames in pixels.
        notices: receives a sentence if the encoder is unexpected, such as libx264 instead of one that does not open.

    Raises:
        OutputError: if the requested encoder does not exist.
    """
    if requested == "auto":
        found = next((name for name in HARDWARE if _exists(name) and _opens(name, size)), "libx264")
        if found != "libx264":
            notices.append(f"encoding with {found}; --encoder libx264 makes smaller files, slower")
        return found
    if not _exists(requested):
        raise OutputError(f"there is no H.264 encoder {requested}; try --encoder libx264 or auto")
    if not _opens(requested, size):
        notices.append(f"the encoder {requested} does not open on this machine: encoding with libx264 instead")
        return "libx264"
    return requested


def _exists(encoder: str) -> bool:
    try:
        return av.Codec(encoder, "w").canonical_name == "h264"
    except UnknownCodecError:
        return False


def _opens(encoder: str, size: tuple[int, int]) -> bool:
    """Return whether the encoder accepts a frame of this size: the only way to know that its device is present."""
    height, width = size
    context = cast(VideoCodecContext, av.CodecContext.create(encoder, "w"))
    context.width, context.height, context.pix_fmt, context.time_base = width, height, "yuv420p", Fraction(1, 30)
    try:
        context.encode(av.VideoFrame(width, height, "yuv420p"))
        context.encode(None)
    except (FFmpegError, OSError):
        return False
    return True


def encoder_options(encoder: str, crf: int, preset: str) -> dict[str, str]:
    """Return the encoder's own options for constant quality.

    Args:
        encoder: FFmpeg's name of it.
        crf: quality, 0 to 51; lower is better.
        preset: x264's preset, such as "veryfast", which trades time for file size; other encoders have none.
    """
    return {
        "libx264": {"crf": str(crf), "preset": preset},
        "h264_nvenc": {"rc": "vbr", "cq": str(crf), "b:v": "0"},
        "h264_qsv": {"global_quality": str(crf)},
        "h264_videotoolbox": {"q:v": str(max(1, 100 - 2 * crf))},
        "h264_amf": {"rc": "cqp", "qp_i": str(crf), "qp_p": str(crf)},
    }.get(encoder, {})


def configure_stream(stream: av.VideoStream, size: tuple[int, int], time_base: Fraction) -> None:
    """Set up a new stream for the frames of `to_yuv420p`.

    Args:
        stream: the stream of an output container.
        size: (height, width) in pixels, both even.
        time_base: unit of the timestamps, in seconds.
    """
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = cpu_limit()
    stream.time_base = context.time_base = time_base
    context.colorspace = int(Colorspace.ITU709)
    context.color_range = int(ColorRange.MPEG)
    context.color_primaries = int(ColorPrimaries.BT709)
    context.color_trc = int(ColorTrc.BT709)


def to_yuv420p(image: Image, pts: int, time_base: Fraction) -> av.VideoFrame:
    """Return an image with even sides as a yuv420p frame, BT.709, limited range.

    Args:
        image: uint8 BGR, H x W x 3.
        pts: when it is displayed, in units of `time_base`.
        time_base: unit of the timestamp, in seconds.
    """
    frame = av.VideoFrame.from_numpy_buffer(image, format="bgr24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, interpolation="AREA"
    )
    frame.pts = pts
    frame.time_base = time_base
    return frame


def pad_even(image: Image) -> Image:
    """Return the image with its last row or column repeated if a side is odd: yuv420p needs even sides."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return image


def fit_even(image: Image, size: tuple[int, int]) -> Image:
    """Return the image padded to even sides, then scaled unless it is of `size` (height, width)."""
    image = pad_even(image)
    if image.shape[:2] != size:
        image = cast(Image, cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA))
    return image


def even_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return (height, width) rounded up to even numbers, as `pad_even` pads them."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2
