"""Trial files in memory: find out which streams a container refuses before hours of work instead of after them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import cv2  # noqa: F401  before PyAV: loaded after it, OpenCV's window hangs
import av
from av.error import FFmpegError
from av.stream import Stream

from ...media.containers import open_clip

MOST_PACKETS = 5000
"""Number of packets of a clip that are searched for the first one of each stream."""


def first_packets(path: Path, indices: Iterable[int]) -> dict[int, av.Packet]:
    """Return the first timed packet of each of these streams, by index; streams without an early packet are missing."""
    found: dict[int, av.Packet] = {}
    requested = set(indices)
    container = open_clip(path)
    try:
        packets = container.demux([container.streams[index] for index in sorted(requested)]) if requested else ()
        for number, packet in enumerate(packets):
            if packet.size and packet.pts is not None and packet.dts is not None:
                found.setdefault(packet.stream.index, packet)
            if len(found) == len(requested) or number >= MOST_PACKETS:
                break
    except FFmpegError:
        pass  # The packets read so far are enough; the copy itself reports where the streams end.
    finally:
        container.close()
    return found


def why_refused(container: str, stream: Stream, packet: av.Packet | None, bitstream_filter: str | None) -> str | None:
    """Write a file of one stream and at most one packet in memory, from header to trailer.

    Args:
        container: FFmpeg's name of the container's format.
        stream: the stream to copy.
        packet: its first packet, which is not changed.
        bitstream_filter: FFmpeg's name of the filter that its packets go through.

    Returns:
        FFmpeg's error message if the container refuses the stream; None if it accepts it.
    """
    try:
        with av.open(io.BytesIO(), "w", format=container) as output:
            target = output.add_stream_from_template(stream)
            packets = [packet] if packet else []
            if bitstream_filter and packet:
                packets = av.BitStreamFilterContext(bitstream_filter, stream).filter(packet)
            for one in packets:
                one.stream = target
                output.mux(one)
            output.start_encoding()  # writes the header, unless a packet has already triggered that
    except (OSError, ValueError, FFmpegError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
