"""Trial files in memory: what a container refuses shows before hours of work instead of after them."""

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
"""How many packets of a clip are looked at for the first one of each stream."""


def first_packets(path: Path, indices: Iterable[int]) -> dict[int, av.Packet]:
    """Return the first packet with a time of each of these streams; none for a stream that has none early on."""
    found: dict[int, av.Packet] = {}
    wanted = set(indices)
    container = open_clip(path)
    try:
        packets = container.demux([container.streams[index] for index in sorted(wanted)]) if wanted else ()
        for number, packet in enumerate(packets):
            if packet.size and packet.pts is not None and packet.dts is not None:
                found.setdefault(packet.stream.index, packet)
            if len(found) == len(wanted) or number >= MOST_PACKETS:
                break
    except FFmpegError:
        pass  # What there is until then is enough; the copy itself reports where the streams end.
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
        FFmpeg's words if the container refuses it; None if it does not.
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
            output.start_encoding()  # writes the header, if no packet has made it so
    except (OSError, ValueError, FFmpegError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
