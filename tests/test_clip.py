"""Clips end to end: interrupted, resumed, cut, scaled, broken. Every shared clip by itself is in test_every_clip."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from clip_files import OPTIONS, make, sound, times
from doubles import MeanColour

from realtime_nst.clip import Timeline, find_clips, parse_timeline, plan_clips
from realtime_nst.clips import ClipSource
from realtime_nst.errors import InputError, OutputError, RunError, SourceError
from realtime_nst.h264 import choose_encoder
from realtime_nst.stylizer import Stylizer


@pytest.fixture
def stylizer():
    """A network double: the subject here is files, and the double's colours can be told apart."""
    return Stylizer(MeanColour(), 96)


def test_colours_come_back(shared_data, tmp_path, stylizer):
    """Strength 0 gives the picture back, so a written clip must look like the one that was read."""
    clip, out = shared_data / "clips" / "edge" / "bt709_full_range.mp4", tmp_path / "out.mp4"
    make(clip, out, stylizer, replace(OPTIONS, strength=0.0, crf=10))
    before, after = ClipSource(clip), ClipSource(out)
    assert np.abs(before.read().picture.astype(float) - after.read().picture).mean() < 3
    before.close(), after.close()


def test_an_interrupted_clip_is_resumed_with_the_same_frames(shared_data, tmp_path, stylizer):
    clip, out = shared_data / "clips" / "audio" / "cutBunny.mp4", tmp_path / "out.mp4"
    stop = threading.Event()
    with pytest.raises(RunError, match="--resume"):
        make(clip, out, stylizer, stop=stop, progress=lambda done, total: done > 5 and stop.set())
    assert not out.exists() and len(times(tmp_path / "out.partial.mp4")) > 100
    with pytest.raises(OutputError, match="other options"):
        make(clip, out, stylizer, replace(OPTIONS, resume=True, crf=12))
    notices = []
    make(clip, out, stylizer, replace(OPTIONS, resume=True), say=notices.append)
    assert any("going on at 4.00 s, 96 frames are done" in notice for notice in notices)
    assert times(out) == times(clip) and sound(out) == sound(clip)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    make(clip, tmp_path / "whole.mp4", stylizer)
    resumed, whole = ClipSource(out), ClipSource(tmp_path / "whole.mp4")
    while (frame := resumed.read()) is not None:
        assert np.abs(frame.picture.astype(float) - whole.read().picture).mean() < 6
    resumed.close(), whole.close()


def test_kill_9_leaves_a_playable_partial_file(shared_data, tmp_path):
    clip = shared_data / "clips" / "audio" / "cutBunny.mp4"
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from clip_files import make, OPTIONS; from doubles import MeanColour\n"
        "from realtime_nst.stylizer import Stylizer\n"
        "make(Path(sys.argv[2]), Path(sys.argv[3]), Stylizer(MeanColour(), 96), OPTIONS,\n"
        "     progress=lambda done, total: done > 7 and (print('now', flush=True), __import__('time').sleep(60)))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, Path(__file__).parent, clip, tmp_path / "out.mp4"],
        stdout=subprocess.PIPE, text=True,
    )
    assert child.stdout.readline() == "now\n"
    time.sleep(0.5)
    child.kill()
    child.wait()
    partial = times(tmp_path / "out.partial.mp4")
    assert partial == times(clip)[: len(partial)] and len(partial) >= 96
    assert not (tmp_path / "out.mp4").exists()


def test_start_and_end_cut_pictures_and_sound(shared_data, tmp_path, stylizer):
    clip, out = shared_data / "clips" / "audio" / "cutBunny.mp4", tmp_path / "out.mp4"
    make(clip, out, stylizer, replace(OPTIONS, start=2.0, end=5.0))
    found = times(out)
    assert len(found) == 72 and found[0] == pytest.approx(0, abs=1e-3)
    with av.open(str(out)) as container:
        audio = container.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(3.0, abs=0.1)


def test_size_scale_odd_sizes_and_side_by_side(shared_data, tmp_path, stylizer):
    clip = shared_data / "clips" / "edge" / "video_0.mov"
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
    assert sizes == {"size": (152, 300), "scale": (160, 284), "beside": (320, 1136)}


def test_sound_that_the_container_cannot_hold_is_encoded_anew(shared_data, tmp_path, stylizer):
    """A container without PCM: made here, since no shared clip has a codec that MP4 refuses."""
    clip = tmp_path / "pcm.mkv"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2", "-f", "lavfi",
         "-i", "sine=440:duration=2", "-c:v", "libx264", "-c:a", "pcm_u8", clip], check=True,
    )
    notices = []
    make(clip, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert any("encoded anew as AAC" in notice for notice in notices)
    with av.open(str(tmp_path / "out.mp4")) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples / 44100 == pytest.approx(2, abs=0.1)


def test_a_clip_that_breaks_off_gives_what_there_is(shared_data, tmp_path, stylizer):
    whole = (shared_data / "clips" / "audio" / "flipping_a_pancake.mkv").read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) // 2])
    notices = []
    make(cut, tmp_path / "out.mp4", stylizer, say=notices.append)
    assert 50 < len(times(tmp_path / "out.mp4")) < 310
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


def test_nothing_is_overwritten_unasked(shared_data, tmp_path, stylizer):
    clip, out = shared_data / "clips" / "edge" / "video_0.mov", tmp_path / "out.mp4"
    out.write_text("precious")
    with pytest.raises(OutputError, match="--overwrite"):
        make(clip, out, stylizer)
    assert out.read_text() == "precious"
    make(clip, out, stylizer, replace(OPTIONS, overwrite=True))
    assert len(times(out)) == 3


def test_plans(shared_data, tmp_path):
    folder = shared_data / "clips" / "webcam"
    clips = find_clips([str(folder)])
    assert len(clips) == 6
    assert plan_clips(clips, tmp_path / "new")[0][1] == tmp_path / "new" / "again.mp4"
    with pytest.raises(OutputError, match="cannot go into one file"):
        plan_clips(clips, tmp_path / "a.mp4")
    with pytest.raises(OutputError, match="must end in one of"):
        plan_clips(clips[:1], tmp_path / "a.txt")
    with pytest.raises(OutputError, match="is the clip itself"):
        plan_clips(clips[:1], clips[0])
    with pytest.raises(SourceError, match="there is no clip"):
        find_clips([str(tmp_path / "gone.mp4")])


def test_styles_over_time_blend():
    timeline = Timeline([(0.0, np.float32([0, 0])), (10.0, np.float32([1, 0])), (20.0, np.float32([1, 4]))])
    assert [timeline.at(t).tolist() for t in (0, 5, 10, 15, 99)] == [[0, 0], [0.5, 0], [1, 0], [1, 2], [1, 4]]
    for text in ("wave", "a:night", "-1:night", "3:"):
        with pytest.raises(InputError, match="SECONDS:STYLE"):
            parse_timeline(text)


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
