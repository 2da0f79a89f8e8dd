"""Clips end to end: interrupted, resumed, cut, scaled, broken. Every shared clip by itself is in test_every_clip."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.codec
import numpy as np
import pytest
from av.codec.context import Flags
from support import TESTS
from support.clip_files import OPTIONS, make, sound, times
from support.doubles import MeanColour

from realtime_nst.errors import OutputError, RunError, SourceError
from realtime_nst.frames import RenderParams
from realtime_nst.media.h264 import choose_encoder
from realtime_nst.sources.clip import ClipSource
from realtime_nst.stylizer import Stylizer


@pytest.fixture
def stylizer():
    """A network double: the subject here is files, and the double's colours can be told apart."""
    return Stylizer(MeanColour(), 96)


def test_colours_come_back(made_clip, tmp_path, stylizer):
    """Strength 0 gives the picture back, so a written clip must look like the one that was read."""
    clip, out = made_clip("full_range_709.mp4"), tmp_path / "out.mp4"
    make(clip, out, stylizer, replace(OPTIONS, render=RenderParams(None, strength=0.0), crf=10))
    before, after = ClipSource(clip), ClipSource(out)
    assert np.abs(before.read().image.astype(float) - after.read().image).mean() < 3
    before.close()
    after.close()


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_an_interrupted_clip_is_resumed_with_the_same_frames(made_clip, tmp_path, stylizer, ending):
    clip, out = made_clip("ten_seconds.mp4"), tmp_path / f"out{ending}"
    stop = threading.Event()
    with pytest.raises(RunError, match="--resume"):
        make(clip, out, stylizer, stop=stop, progress=lambda done, total: done > 5 and stop.set())
    partial = tmp_path / f"out.partial{ending}"
    assert not out.exists() and len(times(partial)) > 100
    with pytest.raises(OutputError, match="other options"):
        make(clip, out, stylizer, replace(OPTIONS, resume=True, crf=12))
    notices = []
    make(clip, out, stylizer, replace(OPTIONS, resume=True), say=notices.append)
    assert any("going on at 4.00 s, 96 frames are done" in notice for notice in notices)
    # Matroska counts milliseconds, and moves everything by the 23 ms that this sound begins before 0.
    assert np.array(times(out)) - times(out)[0] == pytest.approx(times(clip), abs=0.0011 if ending == ".mkv" else 0)
    assert [track[:2] for track in sound(out)] == [track[:2] for track in sound(clip)]
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    make(clip, tmp_path / "whole.mp4", stylizer)
    resumed, whole = ClipSource(out), ClipSource(tmp_path / "whole.mp4")
    while (frame := resumed.read()) is not None:
        assert np.abs(frame.image.astype(float) - whole.read().image).mean() < 6
    assert whole.read() is None
    resumed.close()
    whole.close()


def test_resuming_skips_what_is_whole_and_begins_what_is_not(made_clip, tmp_path, stylizer):
    clip, out = made_clip("three_frames.mov"), tmp_path / "out.mp4"
    notices = []
    make(clip, out, stylizer, replace(OPTIONS, resume=True), say=notices.append)
    assert "beginning anew" in notices[0] and len(times(out)) == 3
    made = out.stat().st_mtime_ns
    make(clip, out, stylizer, replace(OPTIONS, resume=True), say=notices.append)
    assert "nothing is left to do" in notices[-1] and out.stat().st_mtime_ns == made


def test_kill_9_leaves_a_playable_partial_file(made_clip, tmp_path):
    clip = made_clip("ten_seconds.mp4")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from support.clip_files import make, OPTIONS\nfrom support.doubles import MeanColour\n"
        "from realtime_nst.stylizer import Stylizer\n"
        "make(Path(sys.argv[2]), Path(sys.argv[3]), Stylizer(MeanColour(), 96), OPTIONS,\n"
        "     progress=lambda done, total: done > 7 and (print('now', flush=True), __import__('time').sleep(60)))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, TESTS, clip, tmp_path / "out.mp4"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "now\n"
    time.sleep(0.5)
    child.kill()
    child.wait()
    partial = times(tmp_path / "out.partial.mp4")
    assert partial == times(clip)[: len(partial)] and len(partial) >= 96
    assert not (tmp_path / "out.mp4").exists()


def test_start_and_end_cut_pictures_and_sound(made_clip, tmp_path, stylizer):
    clip, out = made_clip("ten_seconds.mp4"), tmp_path / "out.mp4"
    make(clip, out, stylizer, replace(OPTIONS, start=2.0, end=5.0))
    found = times(out)
    assert len(found) == 72 and found[0] == pytest.approx(0, abs=1e-3)
    with av.open(str(out)) as container:
        audio = container.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(3.0, abs=0.1)


def test_size_scale_odd_sizes_and_side_by_side(made_clip, tmp_path, stylizer):
    clip = made_clip("three_frames.mov")
    sizes = {}
    for name, options in {
        "size": replace(OPTIONS, size=(301, 151)),
        "scale": replace(OPTIONS, scale=0.5),
        "beside": replace(OPTIONS, side_by_side=True),
    }.items():
        make(clip, tmp_path / f"{name}.mp4", stylizer, options)
        source = ClipSource(tmp_path / f"{name}.mp4")
        sizes[name] = source.size
        source.close()
    assert sizes == {"size": (152, 300), "scale": (60, 80), "beside": (120, 320)}


def test_sound_that_the_container_cannot_hold_is_encoded_anew(tmp_path, stylizer):
    """A container without PCM: made here, since no shared clip has a codec that MP4 refuses."""
    clip = tmp_path / "pcm.mkv"
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x48:rate=10:duration=2",
            "-f",
            "lavfi",
            "-i",
            "sine=440:duration=2",
            "-c:v",
            "libx264",
            "-c:a",
            "pcm_u8",
            clip,
        ],
        check=True,
    )
    notices = []
    make(clip, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert any("encoded anew as AAC" in notice for notice in notices)
    with av.open(str(tmp_path / "out.mp4")) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 44100 == pytest.approx(2, abs=0.1)


def test_a_clip_that_breaks_off_gives_what_there_is(made_clip, tmp_path, stylizer):
    cut = made_clip("breaks_off.mkv")
    notices = []
    make(cut, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert 25 < len(times(tmp_path / "out.mp4")) < 100
    assert any("breaks off" in notice for notice in notices)


@pytest.mark.parametrize("content", [b"", b"this is a text file\n" * 50, b"\x00\x00\x00\x18ftypmp42" + bytes(200)])
def test_what_is_no_clip_is_an_error_and_writes_nothing(tmp_path, stylizer, content):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    with pytest.raises(SourceError, match="clip.mp4"):
        make(clip, tmp_path / "out.mp4", stylizer)
    text = clip.rename(tmp_path / "clip.txt")  # FFmpeg would draw a text file by this name as a terminal
    with pytest.raises(SourceError, match="clip.txt"):
        make(text, tmp_path / "out.mp4", stylizer)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.txt"]


def test_a_clip_without_pictures_is_an_error(tmp_path, stylizer):
    clip = tmp_path / "sound.m4a"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=440:duration=1", "-c:a", "aac", clip], check=True
    )
    with pytest.raises(SourceError, match="no video"):
        make(clip, tmp_path / "out.mp4", stylizer)


def test_nothing_is_overwritten_unasked(made_clip, tmp_path, stylizer):
    clip, out = made_clip("three_frames.mov"), tmp_path / "out.mp4"
    out.write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        make(clip, out, stylizer)
    assert out.read_text() == "precious"
    make(clip, out, stylizer, replace(OPTIONS, overwrite=True))
    assert len(times(out)) == 3


def test_an_encoder_whose_device_is_missing_is_dropped_with_a_notice():
    notices = []
    assert choose_encoder("libx264", (64, 64), notices) == "libx264" and not notices
    with pytest.raises(OutputError, match="there is no H.264 encoder"):
        choose_encoder("h264_imaginary", (64, 64), notices)
    for wrong in ("aac", "libx265"):
        with pytest.raises(OutputError, match="there is no H.264 encoder"):
            choose_encoder(wrong, (64, 64), notices)
    if choose_encoder("h264_nvenc", (64, 64), notices) == "libx264":  # no NVIDIA GPU here
        assert "does not open" in notices[0]


def drawn(path: Path, *options, seconds: int = 2) -> Path:
    """A clip of FFmpeg's test pattern, 96x64 at 12 frames a second, with a tone."""
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            f"testsrc=size=96x64:rate=12:duration={seconds}",
            "-f",
            "lavfi",
            "-i",
            f"sine=440:duration={seconds}",
            *options,
            path,
        ],
        check=True,
    )
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    {
        "a.avi": ["-c:v", "mpeg4", "-bf", "2", "-c:a", "mp3"],
        "a.wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
        "a.gif": ["-map", "0:v"],
        "a.ts": ["-c:v", "libx264", "-c:a", "aac"],
        "a.h264": ["-c:v", "libx264"],
        "prores.mov": ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", "-c:a", "pcm_s16le"],
        "a.mkv": ["-c:v", "ffv1", "-c:a", "flac"],
        "hdr.mp4": [
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=error",
            "-pix_fmt",
            "yuv420p10le",
            "-color_trc",
            "smpte2084",
            "-colorspace",
            "bt2020nc",
            "-c:a",
            "ac3",
        ],
    }.items(),
)
def test_other_kinds_of_clips(tmp_path, stylizer, name, options):
    clip = drawn(tmp_path / name, *options)
    for ending in (".mp4", ".mkv"):
        notices = []
        make(clip, tmp_path / f"out{ending}", stylizer, say=notices.append)
        found = np.array(times(tmp_path / f"out{ending}"))
        assert len(found) == 24 or name == "a.gif"
        assert np.diff(found) == pytest.approx(1 / 12, abs=0.008)
        assert 0 <= found[0] < 0.1  # a broadcast's clock stands anywhere, 1.4 s here
        assert len(sound(tmp_path / f"out{ending}")) == (name not in ("a.gif", "a.h264"))
    assert ("HDR" in " ".join(notices)) == (name == "hdr.mp4")


def test_a_broadcast_is_cut_where_asked(tmp_path, stylizer):
    clip = drawn(tmp_path / "a.ts", "-c:v", "libx264", "-c:a", "aac")
    make(clip, tmp_path / "out.mp4", stylizer, replace(OPTIONS, start=0.5, end=1.5))
    assert len(times(tmp_path / "out.mp4")) == 12
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) / 44100 == pytest.approx(1, abs=0.05)


def test_chapters_and_title_are_kept_and_cut(tmp_path, stylizer):
    marks = "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 1000}\ntitle={name}\n"
        for start, name in ((0, "One"), (1000, "Two"))
    )
    (tmp_path / "marks.txt").write_text(f";FFMETADATA1\ntitle=My clip\n{marks}")
    clip = drawn(tmp_path / "a.mkv", "-i", tmp_path / "marks.txt", "-map_metadata", "2", "-map_chapters", "2")
    for name in ("out.mp4", "out.mkv"):
        make(clip, tmp_path / name, stylizer, replace(OPTIONS, start=0.5, end=1.5))
        with av.open(str(tmp_path / name)) as container:
            found = [
                (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]), c["metadata"]["title"])
                for c in container.chapters()
            ]
            assert container.metadata["title"] == "My clip"
        assert found == [(0, 0.5, "One"), (0.5, 1, "Two")]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_a_title_in_an_old_encoding_is_no_obstacle(tmp_path, stylizer, name):
    clip = drawn(tmp_path / "a.mp4", "-metadata", "title=Cafes")
    clip.write_bytes(clip.read_bytes().replace(b"Cafes", "Cafés".encode("latin-1")))
    make(clip, tmp_path / name, stylizer)
    assert len(times(tmp_path / name)) == 24
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format_tags=title", tmp_path / name], capture_output=True
    )
    assert b"title=Caf" in probe.stdout


def test_damaged_packets_are_left_out_and_told(tmp_path, stylizer):
    clip = drawn(tmp_path / "a.mp4", "-c:v", "libx264", "-g", "6", "-c:a", "aac")
    data = bytearray(clip.read_bytes())
    middle = data.find(b"mdat") + 2000
    data[middle : middle + 2500 : 5] = b"\xff" * 500
    clip.write_bytes(data)
    notices = []
    make(clip, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert 6 < len(times(tmp_path / "out.mp4")) <= 24
    assert any("damaged" in notice for notice in notices)


def test_what_is_no_video_is_an_error_however_it_looks(tmp_path, stylizer):
    clip = drawn(tmp_path / "a.mp4", "-c:v", "libx264", "-c:a", "aac")
    unknown = tmp_path / "unknown.mp4"
    unknown.write_bytes(clip.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(SourceError, match="cannot decode"):
        make(unknown, tmp_path / "out.mp4", stylizer)
    cover = drawn(tmp_path / "song.m4a", "-c:v", "png", "-frames:v", "1", "-disposition:v", "attached_pic")
    with pytest.raises(SourceError, match="no video"):
        make(cover, tmp_path / "out.mp4", stylizer)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(SourceError, match="its end is missing"):
        make(cut, tmp_path / "out.mp4", stylizer)
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("kind", [".mp4", ".mov", ".mkv", ".gif"])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_every_picture_of_a_slide_show_stands_for_its_own_time(tmp_path, stylizer, kind, ending):
    """The last one too, of which no next one tells when it ends."""
    clip, seconds = tmp_path / f"slides{kind}", (1.5, 0.4, 6.0)
    slides(clip, seconds)
    notices = []
    out = make(clip, tmp_path / f"out{ending}", stylizer, say=notices.append)
    assert times(out) == pytest.approx([0, 1.5, 1.9], abs=0.02)
    with av.open(str(out)) as container:
        assert container.duration / av.time_base == pytest.approx(sum(seconds), abs=0.05)
    assert notices == []


def slides(path, seconds):
    """Write pictures that each stand for their own time."""
    base = Fraction(1, 100)
    codec = ("gif", "rgb8") if path.suffix == ".gif" else ("libx264", "yuv420p")
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec[0], rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, codec[1]
        stream.time_base = stream.codec_context.time_base = base
        stream.codec_context.flags |= Flags.frame_duration
        if codec[0] == "libx264":
            stream.options = {"bf": "0", "tune": "zerolatency"}
        at = 0
        for number, lasts in enumerate(seconds):
            image = np.full((48, 64, 3), 60 * number + 40, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=codec[1])
            frame.pts, frame.time_base, frame.duration = at, base, round(lasts / base)
            for packet in stream.encode(frame):
                packet.duration = round(lasts / base)
                output.mux(packet)
            at += round(lasts / base)
        output.mux(stream.encode(None))


def test_sound_that_outlasts_the_pictures_is_no_broken_clip(tmp_path, stylizer):
    clip = tmp_path / "long_sound.mkv"
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=s=64x48:r=10:d=1",
            "-f",
            "lavfi",
            "-i",
            "sine=440:d=4",
            "-c:a",
            "aac",
            clip,
        ],
        check=True,
    )
    notices = []
    make(clip, tmp_path / "out.mkv", stylizer, say=notices.append)
    assert notices == []
