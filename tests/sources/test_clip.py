"""Clips as sources: every frame with its time."""

import itertools
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import pytest
from av.error import FFmpegError
from support.clip_maker import Video, every, join, write_clip

from realtime_nst.errors import RunError, SourceError
from realtime_nst.media.demuxer import Demuxer
from realtime_nst.sources import clip as clip_module
from realtime_nst.sources.clip import ClipSource
from realtime_nst.sources.factory import open_source


@pytest.fixture(scope="module")
def clip(made_clip):
    return made_clip("webcam.mkv")


def frames_of(source):
    return list(iter(source.read, None))


def test_a_clip_gives_every_frame_with_its_time(clip):
    source = open_source(str(clip), live=False)
    frames = frames_of(source)
    source.close()
    with av.open(str(clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert not source.live and source.size == (480, 640)
    assert [f.time for f in frames] == pytest.approx(times, abs=1e-3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells which files a process has open")
@pytest.mark.parametrize(
    ("start", "content", "words"),
    [
        (99.0, "plain.mp4", "--start 99 is beyond the end"),
        (0.0, "sound only", "holds no video"),
        (0.0, "text", "is not a clip|holds no video|text file"),
    ],
)
def test_a_clip_that_cannot_be_used_is_closed(made_clip, tmp_path, start, content, words):
    path = tmp_path / "a.mp4"
    if content == "sound only":
        with av.open(str(path), "w") as container:
            sound = container.add_stream("aac", rate=48_000)
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 48_000
            container.mux(sound.encode(silence) + sound.encode(None))
    elif content == "text":
        path.write_text("not video\n" * 100)
    else:
        path.write_bytes(made_clip(content).read_bytes())
    with pytest.raises(SourceError, match=words):
        ClipSource(path, start)
    links = (os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink())
    assert str(path) not in links


def test_a_frame_that_cannot_be_converted_is_left_out(made_clip, monkeypatch):
    """As one whose damaged header states a size that it has not."""
    real, calls = clip_module._upright_bgr, []

    def convert(frame, matrix):
        calls.append(frame)
        if len(calls) == 3:
            raise FFmpegError(11, "Resource temporarily unavailable")
        return real(frame, matrix)

    monkeypatch.setattr(clip_module, "_upright_bgr", convert)
    source = ClipSource(made_clip("plain.mp4"))
    assert sum(1 for _ in iter(source.read, None)) == 47 and source.damaged == 1
    source.close()


def test_frames_of_another_size_are_fitted_with_bars(tmp_path):
    """A broadcast that goes from 4:3 to 16:9."""
    wide, square = (
        write_clip(
            tmp_path / f"{width}.ts",
            [Video(size=(width, 64), times=every(Fraction(1, 25), 5), draw=white)],
            container="mpegts",
        )
        for width in (128, 64)
    )
    source = ClipSource(join([wide, square], tmp_path / "joined.ts"))
    frames = frames_of(source)
    assert [frame.image.shape for frame in frames] == [(64, 128, 3)] * 10
    assert frames[4].image.min() > 200
    assert frames[7].image[:, :30].max() < 30 and frames[7].image[:, 34:94].min() > 200
    assert frames[7].image[:, 98:].max() < 30
    assert source.refitted == pytest.approx(0.2, abs=0.05)
    source.close()


def white(size, count):
    return [np.full((size[1], size[0], 3), 255, np.uint8)] * count


def test_a_rate_that_is_a_unit_of_time_is_not_taken(tmp_path):
    """FFmpeg's average rate of a DV clip is 60000."""
    options = ["-f", "lavfi", "-i", "testsrc=s=720x480:r=30000/1001:d=0.2", "-target", "ntsc-dv", "-an"]
    subprocess.run(["ffmpeg", "-v", "error", *options, tmp_path / "a.dv"], check=True)
    with ClipSource(tmp_path / "a.dv") as source:
        assert source.rate == Fraction(30000, 1001)


@pytest.mark.parametrize(("number", "is_the_file"), [(1, True), (22, True), (5, False), (12, False)])
def test_a_file_that_cannot_be_read_on_ends_there_and_a_disk_that_fails_is_an_error(
    made_clip, monkeypatch, number, is_the_file
):
    """FFmpeg's demuxers answer damage with the system's numbers too; a failure of the disk (5) may be over later."""
    real = Demuxer.packets
    kinds: Any = av.error.classes  # PyAV's stub takes them for instances

    def packets(self, *arguments):
        yield from itertools.islice(real(self, *arguments), 40)
        raise kinds[number](number, "failed")

    monkeypatch.setattr(Demuxer, "packets", packets)
    source = ClipSource(made_clip("plain.mp4"))
    if is_the_file:
        assert 5 < len(frames_of(source)) < 40 and source.damaged == 1
    else:
        with pytest.raises(RunError, match="reading .*plain.mp4 failed under way: failed"):
            frames_of(source)
    source.close()
