"""Streams that a container refuses are found before the first frame, then re-encoded or left out with a notice."""

import io
import re
import subprocess

import av
import pytest
from support.clip_files import make, sound, times
from support.doubles import MeanColour

from realtime_nst.sinks.clip.aac import AacEncoder
from realtime_nst.stylizer import Stylizer

FFMPEG = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-f", "lavfi", "-i"]


@pytest.fixture
def stylizer():
    return Stylizer(MeanColour(), 64)


@pytest.fixture
def clip(tmp_path):
    """Make a clip of one second with a tone in a codec."""

    def make_it(name, *options, tone="sine=440:d=1"):
        path = tmp_path / name
        subprocess.run([*FFMPEG, tone, *options, path], check=True)
        return path

    return make_it


@pytest.mark.parametrize(
    ("name", "options", "suffix", "codec", "told"),
    [
        ("a.avi", "-c:v mpeg4 -c:a pcm_s16le -ac 2", ".mp4", "aac", "mp4 files cannot hold it"),
        ("a.mkv", "-c:a pcm_s24le", ".mp4", "aac", "mp4 files cannot hold it"),
        ("a.mkv", "-c:a pcm_s24le", ".mov", "pcm_s24le", ""),
        ("a.mkv", "-c:a truehd -strict -2", ".mp4", "aac", "(truehd) is encoded anew as AAC: mp4"),
        ("a.mkv", "-c:a truehd -strict -2", ".mov", "aac", "(truehd) is encoded anew as AAC: mov"),
        ("a.mkv", "-c:a flac", ".mov", "aac", "(flac) is encoded anew as AAC: mov"),
        ("a.mkv", "-c:a flac", ".mp4", "flac", ""),
        ("a.mkv", "-c:a libopus", ".mov", "aac", "(opus) is encoded anew as AAC: mov"),
        ("a.mkv", "-c:a pcm_s16le -ar 5512", ".mp4", "aac", "at 7350 instead of 5512 Hz"),
        ("a.mkv", "-c:a pcm_s16le -ar 22254", ".mp4", "aac", "at 22050 instead of 22254 Hz"),
        ("a.mkv", "-c:a flac -ar 192000", ".mov", "aac", "at 96000 instead of 192000 Hz"),
        ("a.mkv", "-c:a pcm_s16le -ac 4", ".mp4", "aac", "its 4 channels mixed to 2"),
    ],
)
def test_sound_is_kept_or_encoded_anew(clip, tmp_path, stylizer, name, options, suffix, codec, told):
    notices = []
    output = make(clip(name, *options.split()), tmp_path / f"out{suffix}", stylizer, say=notices.append)
    assert len(times(output)) == 10
    (track,) = sound(output)
    assert track[0] == codec
    assert any(told in notice for notice in notices) if told else not notices


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_timecode_is_left_out_instead_of_failing_after_the_last_frame(clip, tmp_path, stylizer, suffix):
    notices = []
    input = clip("a.mkv", "-c:a", "aac", "-metadata", "timecode=01:00:00:00", "-metadata", "title=kept")
    output = make(input, tmp_path / f"out{suffix}", stylizer, say=notices.append)
    assert len(times(output)) == 10 and notices == ["a.mkv: its timecode is not kept"]
    tags = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format_tags=title", "-of", "csv=p=0", output],
        capture_output=True,
        text=True,
        check=True,
    )
    assert tags.stdout.strip() == "kept"


def test_sound_that_ffmpeg_cannot_decode_is_not_kept(clip, tmp_path, stylizer):
    """As of an iPhone's spatial audio: FFmpeg knows neither its codec nor how to copy it."""
    input = clip("a.mp4", "-c:a", "aac")
    data = bytearray(input.read_bytes())
    name = data.find(b"mp4a", data.find(b"stsd", data.find(b"soun")))
    data[name : name + 4] = b"apac"
    details = data.find(b"esds", name)  # or its object type would tell
    data[details : details + 4] = b"dapa"
    input.write_bytes(data)
    notices = []
    output = make(input, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert len(times(output)) == 10 and sound(output) == []
    assert notices == ["a.mp4: audio stream 1 (unknown), which FFmpeg cannot decode, is not kept"]


def test_sound_that_changes_in_the_middle_is_encoded_to_its_end(clip, tmp_path):
    """A broadcast that goes from mono to stereo, at another rate."""
    mono, stereo = (
        clip(f"{channels}.ts", "-c:a", "mp2", "-ar", str(rate), "-ac", str(channels), tone="sine=440:d=1")
        for channels, rate in ((1, 32000), (2, 48000))
    )
    # One program: the second half's pictures are left out, so that its sound follows the first's.
    sound_of = [path.with_suffix(".mp2") for path in (mono, stereo)]
    for path, target in zip((mono, stereo), sound_of):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", path, "-c", "copy", "-vn", target], check=True)
    joined = tmp_path / "joined.mp2"
    joined.write_bytes(b"".join(path.read_bytes() for path in sound_of))
    with av.open(str(joined)) as container, av.open(io.BytesIO(), "w", format="matroska") as output:
        track = container.streams.audio[0]
        encoder = AacEncoder(output.add_stream("aac", rate=32000, layout="mono").codec_context)
        packets = [one for packet in container.demux(track) if packet.size for one in encoder.encode(packet, 0.0)]
        packets += encoder.flush()
    seconds = sum(float((packet.duration or 0) * packet.time_base) for packet in packets)
    assert seconds == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_copied_sound_is_encoded_anew_where_its_header_changes(clip, tmp_path, stylizer, suffix):
    """A broadcast that goes from stereo at 48 kHz to mono at 32 kHz and back: the output states one header."""
    stereo = clip("a.ts", "-c:a", "aac", "-ac", "2", "-ar", "48000")
    mono = clip("b.ts", "-c:a", "aac", "-ac", "1", "-ar", "32000", tone="sine=440:d=1,volume=8")
    joined, notices = tmp_path / "joined.ts", []
    joined.write_bytes(stereo.read_bytes() + mono.read_bytes() + stereo.read_bytes())
    output = make(joined, tmp_path / f"out{suffix}", stylizer, say=notices.append)
    with av.open(str(output)) as container:
        frames = list(container.decode(audio=0))
    assert {(frame.sample_rate, frame.layout.name) for frame in frames} == {(48000, "stereo")}
    loud = [(frame.time, abs(frame.to_ndarray()).max() > 0.3) for frame in frames]
    assert [bool(is_loud) for time, is_loud in loud if time < 0.9] == [False] * len(
        [1 for time, _ in loud if time < 0.9]
    )
    middle = [is_loud for time, is_loud in loud if 1.2 < time < 1.9]
    assert len(middle) > 30 and all(middle)
    assert not any(is_loud for time, is_loud in loud if 2.3 < time < 3)
    assert frames[-1].time == pytest.approx(3.0, abs=0.15)
    assert len(notices) == 3 and "damaged" not in " ".join(notices)
    assert "sound track 1 changes at 1.0 s (32000 instead of 48000 Hz, channels mixed from 1 to 2)" in notices[1]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_damaged_sound_of_a_broadcast_is_left_out(clip, tmp_path, stylizer, suffix):
    """Its packets have headers of their own, which are taken off when it is copied."""
    input, notices = clip("a.ts", "-c:a", "aac", "-ac", "1"), []
    data = bytearray(input.read_bytes())
    headers = [found.start() for found in re.finditer(rb"\xff[\xf0\xf1]", bytes(data))]
    for place in headers[10:14]:
        data[place] = 0
    input.write_bytes(data)
    output = make(input, tmp_path / f"out{suffix}", stylizer, say=notices.append)
    assert len(times(output)) == 10 and len(sound(output)[0][2]) > 20
    assert any("of sound left out" in notice for notice in notices), notices
