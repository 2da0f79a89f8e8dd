"""Clips made by our own code, each with one property that a reader or writer of video can get wrong.

`make_clip(NAME, FOLDER)` writes one of CLIPS; all are small and take well under a second. The picture is a fixed
pattern with a bright square in its upper left corner and a bar that moves, so that a turned, mirrored or repeated frame
is seen. Sound is a tone that grows louder.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import av  # after cv2, as the package does
import av.codec
import av.stream
import numpy as np

from .scenes import scene_image

TICK = Fraction(1, 90000)
"""The time base of the pictures, in seconds: it holds every rate used here exactly."""

RATE = 44100
"""Sound samples a second."""


@dataclass(frozen=True)
class Video:
    """One stream of pictures.

    Attributes:
        codec: An encoder of FFmpeg.
        size: (width, height) in pixels.
        times: When each frame is shown, in ticks of 1/90000 s.
        pixels: FFmpeg's name of the pixel format.
        options: The encoder's own options.
        full_range: Whether luma takes 0..255 instead of 16..235.
        matrix: FFmpeg's number of the colour matrix: 1 is BT.709, 6 is BT.601; None leaves it unsaid.
        aspect: Width to height of a pixel.
        rate: Frames a second as the file states them.
        metadata: The stream's tags.
        default: Whether players are told to take this stream of several.
        draw: Gives the BGR or BGRA pictures; None draws the pattern.
    """

    codec: str = "libx264"
    size: tuple[int, int] = (160, 120)
    times: Sequence[int] = tuple(range(0, 25 * 3600, 3600))
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    full_range: bool = False
    matrix: int | None = None
    aspect: Fraction | None = None
    rate: Fraction = Fraction(25)
    metadata: dict[str, str] = field(default_factory=dict)
    default: bool = False
    draw: Callable[[tuple[int, int], int], Iterable[np.ndarray]] | None = None


@dataclass(frozen=True)
class Sound:
    """One stream of sound: a tone of `pitch` Hz. `damaged`: every other packet holds noise instead."""

    codec: str = "aac"
    pitch: float = 440.0
    damaged: bool = False
    rate: int = RATE


def every(seconds: Fraction, count: int, start: Fraction = Fraction(0)) -> tuple[int, ...]:
    """The times of `count` frames, one every `seconds`, in ticks."""
    return tuple(round((start + number * seconds) / TICK) for number in range(count))


UNEVEN = tuple(np.cumsum([0, *([3000, 6000, 3000, 4500] * 6)]).tolist())
"""25 frames, 33, 50 and 67 ms apart."""

SMALL_H264 = {"preset": "ultrafast", "crf": "23"}
X265 = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}
VP9 = {"cpu-used": "8", "deadline": "realtime", "crf": "30", "b": "0"}
STYLE_OF_TEXT = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""FFmpeg's encoders of subtitles take their fonts from a header of this form."""

TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""By degrees clockwise that a player turns the picture, the rotation of an MP4 track's matrix (a, b, c, d)."""


def pattern(size: tuple[int, int], count: int) -> Iterator[np.ndarray]:
    """`count` BGR pictures of (width, height): a smooth uneven pattern, a bright corner, a bar that moves."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    still = np.stack([90 + 60 * np.sin(x / 23), 60 + 120 * x / width, 40 + 150 * y / height], axis=-1)
    still[: height // 4, : width // 4] = (60, 230, 240)
    for number in range(count):
        picture = still.copy()
        left = (number * 7) % max(width - 12, 1)
        picture[height // 2 : height // 2 + max(height // 8, 2), left : left + 12] = (250, 240, 30)
        yield np.rint(picture).astype(np.uint8)


def transparent_pattern(size: tuple[int, int], count: int) -> Iterator[np.ndarray]:
    """The pattern as BGRA, transparent in its lower half."""
    for picture in pattern(size, count):
        opacity = np.full(picture.shape[:2], 255, np.uint8)
        opacity[size[1] // 2 :] = 0
        yield np.dstack([picture, opacity])


def webcam(size: tuple[int, int], count: int) -> Iterator[np.ndarray]:
    """What a fixed camera indoors gives: a still room, a person who moves, and the noise of a sensor.

    The room is one frame of the built-in scene, far out of focus. Noise has a standard deviation of about 3 levels,
    in blots of two pixels, as a cheap sensor's has after its own processing.
    """
    width, height = size
    rng = np.random.default_rng(11)
    room = cv2.GaussianBlur(scene_image((height, width)), (0, 0), height / 60)
    # A library of noise, shown at random places of it: drawing it anew for every frame takes seconds.
    large = rng.normal(0, 7, (height + 64, width + 64, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(large, (0, 0), 0.8)
    unit = height / 480
    skin, shirt = (128, 160, 214), (120, 74, 60)
    for number in range(count):
        picture = room.copy()
        sway = 60 * unit * np.sin(number / 6)
        x, y = width * 0.62 + sway, height * 0.46 + 6 * unit * np.sin(number / 4)
        _ellipse(picture, (x - sway / 2, height * 1.02), (150 * unit, 190 * unit), shirt)
        _ellipse(picture, (x, y), (64 * unit, 84 * unit), skin)
        _ellipse(picture, (x, y - 44 * unit), (68 * unit, 48 * unit), (34, 40, 58))
        for side in (-1, 1):
            _ellipse(picture, (x + 24 * side * unit, y), (9 * unit, 6 * unit), (40, 34, 30))
        _ellipse(picture, (x, y + 42 * unit), (22 * unit, (6 + 4 * np.sin(number / 2)) * unit), (70, 70, 150))
        hand = (width * 0.86, height * (0.62 + 0.12 * np.sin(number / 3)))
        _ellipse(picture, hand, (30 * unit, 38 * unit), skin)
        top, left = rng.integers(0, 64, 2)
        yield cv2.add(picture, noise[top : top + height, left : left + width], dtype=cv2.CV_8U)


def _ellipse(picture: np.ndarray, centre, axes, colour) -> None:
    """Draw a filled ellipse, to a sixteenth of a pixel."""
    centre, axes = (tuple(int(16 * value) for value in pair) for pair in (centre, axes))
    cv2.ellipse(picture, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, 4)


def write_clip(
    path: Path,
    videos: Sequence[Video],
    sounds: Sequence[Sound] = (),
    subtitles: int = 0,
    *,
    container: str | None = None,
    seekable: bool = True,
    sound_seconds: float | None = None,
) -> Path:
    """Write streams of pictures, sound and subtitles into one file.

    Args:
        path: The file; its suffix chooses the container unless `container` names one of FFmpeg's formats.
        subtitles: How many tracks of 3GPP timed text, as MP4 holds it.
        seekable: Whether the container may go back to write its length; without, it states none.
        sound_seconds: How long the sound is; as long as the pictures where None.
    """
    with open(path, "wb") as file:
        target = file if seekable else _Stream(file)
        # The file name chooses the format only where PyAV opens the file itself.
        name = container or {".mkv": "matroska", ".webm": "webm", ".mov": "mov"}.get(path.suffix, "mp4")
        with av.open(target, "w", format=name) as output:
            drawn = [_add_video(output, video) for video in videos]
            heard = [_add_sound(output, sound) for sound in sounds]
            texts = [_add_text(output) for _ in range(subtitles)]
            seconds = float(max(video.times[-1] for video in videos) * TICK) + 1 / float(videos[0].rate)
            packets = [packet for video, stream in zip(videos, drawn) for packet in _encode_video(video, stream)]
            for sound, stream in zip(sounds, heard):
                packets += _encode_sound(sound, stream, sound_seconds or seconds)
            for number, stream in enumerate(texts):
                packets.append(_text(stream, f"Subtitle {number}", seconds))
            # FFmpeg holds back what comes early in a file; in order of time nothing waits for long.
            for packet in sorted(packets, key=lambda one: one.dts * one.time_base):
                output.mux(packet)
    return path


class _Stream:
    """A file that can only be written on, as a pipe."""

    def __init__(self, file):
        self.write = file.write


def _add_video(output, video: Video):
    stream = output.add_stream(video.codec, rate=video.rate, options=dict(video.options))
    stream.width, stream.height = video.size
    stream.pix_fmt = video.pixels
    stream.time_base = stream.codec_context.time_base = TICK
    context = stream.codec_context
    if video.full_range:
        context.color_range = 2
    if video.matrix is not None:
        context.colorspace = context.color_primaries = context.color_trc = video.matrix
    if video.aspect is not None:
        context.sample_aspect_ratio = video.aspect
    stream.metadata.update(video.metadata)
    if video.default:
        stream.disposition = av.stream.Disposition.default
    return stream


def _encode_video(video: Video, stream) -> Iterator[av.Packet]:
    pictures = (video.draw or pattern)(video.size, len(video.times))
    target = dict(
        format=video.pixels,
        dst_color_range=2 if video.full_range else 1,
        dst_colorspace=video.matrix if video.matrix in (1, 5, 6) else 5,
    )
    for picture, time in zip(pictures, video.times, strict=True):
        kind = "bgra" if picture.shape[2] == 4 else "bgr24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=kind).reformat(**target)
        frame.pts, frame.time_base = time, TICK
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _add_sound(output, sound: Sound):
    stream = output.add_stream(sound.codec, rate=sound.rate)
    stream.layout = "mono"
    return stream


def _encode_sound(sound: Sound, stream, seconds: float) -> Iterator[av.Packet]:
    times = np.arange(int(seconds * sound.rate)) / sound.rate
    tone = (0.1 + 0.3 * times / seconds) * np.sin(2 * np.pi * sound.pitch * times)
    frame = av.AudioFrame.from_ndarray(tone.astype(np.float32)[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = sound.rate, 0
    frame.time_base = Fraction(1, sound.rate)
    context = stream.codec_context
    resampler = av.AudioResampler(context.format.name, "mono", sound.rate, frame_size=context.frame_size or 1024)
    rng = np.random.default_rng(5)
    number = 0
    for part in (*resampler.resample(frame), *resampler.resample(None), None):
        for packet in stream.encode(part):
            number += 1
            if sound.damaged and number % 2:
                noise = av.Packet(rng.bytes(packet.size))
                noise.pts, noise.dts, noise.duration = packet.pts, packet.dts, packet.duration
                noise.time_base, noise.stream = packet.time_base, packet.stream
                noise.is_keyframe = True
                packet = noise
            yield packet


def _add_text(output):
    stream = output.add_stream("mov_text")
    stream.codec_context.subtitle_header = STYLE_OF_TEXT
    return stream


def _text(stream, words: str, seconds: float) -> av.Packet:
    """One line of 3GPP timed text (3GPP TS 26.245): its length in two bytes, then UTF-8."""
    packet = av.Packet(struct.pack(">H", len(words.encode())) + words.encode())
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 0
    packet.duration = int(1000 * seconds)
    packet.is_keyframe = True
    return packet


def turn(path: Path, degrees: int) -> Path:
    """Let players of an MP4 or MOV turn its pictures by `degrees` (90, 180, 270) clockwise.

    It is the matrix of the track header (ISO/IEC 14496-12, 8.3.2): 16.16 fixed-point numbers a, b, u, c, d, v, x, y, w.
    """
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    version = data[at]
    at += 40 if version == 0 else 52
    a, b, c, d = TURNS[degrees]
    one = 1 << 16
    data[at : at + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first `share` of a file, as an interrupted download does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def corrupt(path: Path) -> Path:
    """Overwrite some bytes in the middle of a file's pictures and sound."""
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + 2000
    data[middle : middle + 2500 : 5] = b"\xff" * 500
    path.write_bytes(data)
    return path


def _turned(degrees: int) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        write_clip(path, [Video(times=every(Fraction(1, 30), 3), rate=Fraction(30), options=SMALL_H264)])
        return turn(path, degrees) if degrees else path

    return make


def _simple(*sounds: Sound, **video) -> Callable[[Path], Path]:
    """A maker of a clip with one stream of pictures, in H.264 where nothing else is said."""
    if video.get("codec", "libx264") == "libx264":
        video = {"options": SMALL_H264} | video
    return lambda path: write_clip(path, [Video(**video)], sounds)


def _webcam(count: int, start: Fraction = Fraction(1, 30)) -> Callable[[Path], Path]:
    return _simple(
        size=(640, 480),
        times=every(Fraction(1, 30), count, start),
        rate=Fraction(30),
        pixels="yuvj420p",
        full_range=True,
        draw=webcam,
        options={"preset": "ultrafast", "crf": "18"},
    )


def _uneven_and_upside_down(path: Path) -> Path:
    return turn(write_clip(path, [Video(times=UNEVEN, options=SMALL_H264)], [Sound()]), 180)


def _two_of_everything(path: Path) -> Path:
    videos = [
        Video(size=(80, 60), times=every(Fraction(1, 25), 20), options=SMALL_H264),
        Video(options=SMALL_H264, default=True),
    ]
    return write_clip(path, videos, [Sound(), Sound(pitch=880)], subtitles=2)


def _without_duration(path: Path) -> Path:
    return write_clip(
        path, [Video(codec="libvpx-vp9", options=VP9)], [Sound(codec="libopus", rate=48000)], seekable=False
    )


def _stated_29_97_but_25(path: Path) -> Path:
    return write_clip(path, [Video(options=SMALL_H264, rate=Fraction(30000, 1001))])


CLIPS: dict[str, Callable[[Path], Path]] = {
    "plain.mp4": _simple(Sound(), times=every(Fraction(1, 24), 48), rate=Fraction(24)),
    "ten_seconds.mp4": _simple(Sound(), times=every(Fraction(1, 24), 240), rate=Fraction(24)),
    "three_frames.mov": _turned(0),
    "turned_90.mov": _turned(90),
    "turned_180.mov": _turned(180),
    "turned_270.mov": _turned(270),
    "uneven.mkv": _simple(Sound(), times=UNEVEN),
    "uneven_upside_down.mp4": _uneven_and_upside_down,
    "ntsc.mp4": _simple(times=every(Fraction(1001, 30000), 30), rate=Fraction(30000, 1001)),
    "anamorphic_ntsc.mp4": _simple(
        size=(176, 144), times=every(Fraction(1001, 30000), 30), rate=Fraction(30000, 1001), aspect=Fraction(128, 117)
    ),
    "no_duration.webm": _without_duration,
    "h264_10bit.mp4": _simple(pixels="yuv420p10le"),
    "h264_444.mp4": _simple(pixels="yuv444p"),
    "hevc.mp4": _simple(codec="libx265", options=X265, size=(128, 128), times=every(Fraction(1, 10), 10), rate=10),
    "hevc_10bit.mp4": _simple(codec="libx265", options=X265, pixels="yuv420p10le"),
    "vp9.webm": _simple(codec="libvpx-vp9", options=VP9),
    "av1.mkv": _simple(codec="libsvtav1", options={"preset": "11", "svtav1-params": "lp=1"}),
    "transparent.webm": _simple(codec="libvpx-vp9", options=VP9, pixels="yuva420p", draw=transparent_pattern),
    "transparent_tagged.webm": _simple(
        codec="libvpx-vp9", options=VP9, pixels="yuva420p", draw=transparent_pattern, metadata={"alpha_mode": "1"}
    ),
    "full_range_709.mp4": _simple(pixels="yuvj420p", full_range=True, matrix=1),
    "matrix_601.mp4": _simple(matrix=6),
    "two_of_everything.mp4": _two_of_everything,
    "sound_first.mkv": _simple(Sound(codec="libopus", rate=48000)),
    "failing_sound.mp4": _simple(Sound(damaged=True)),
    "webcam.mkv": _webcam(60),
}
"""Makers of clips that are whole and can be read, by file name."""

BROKEN: dict[str, Callable[[Path], Path]] = {
    "breaks_off.mkv": lambda path: cut(_simple(Sound(), times=every(Fraction(1, 25), 100))(path), 0.5),
    "without_index.mp4": lambda path: cut(_simple(Sound())(path), 0.5),
    "damaged.mp4": lambda path: corrupt(_simple(Sound(), options=SMALL_H264 | {"g": "6"})(path)),
}
"""Makers of clips that are not whole, by file name."""


def lacking(name: str) -> str | None:
    """Why a clip cannot be made with the PyAV that is installed; None: it can."""
    needed = {"av1.mkv": "libsvtav1", "hevc.mp4": "libx265", "hevc_10bit.mp4": "libx265"}.get(name)
    try:
        return needed and av.Codec(needed, "w") and None
    except av.codec.codec.UnknownCodecError:
        return f"this PyAV has no encoder {needed}; install the wheel from PyPI"


def make_clip(name: str, folder: Path) -> Path:
    """Write the clip `name` of CLIPS or BROKEN into `folder`, unless it is there."""
    path = folder / name
    if not path.exists():
        (CLIPS | BROKEN)[name](path)
    return path
