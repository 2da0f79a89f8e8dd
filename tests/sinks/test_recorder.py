"""Recordings: exact times, right colours, odd sizes, and files that can be played whatever happened."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from support import ROOT
from support.scenes import scene_frames

from realtime_nst.errors import OutputError, RunError
from realtime_nst.frames import Frame
from realtime_nst.sinks.recorder import Recorder


def scene(count, size=(120, 160), fps=30.0):
    return scene_frames(count, size, fps)


def record(path, frames, *, live=False, fps=30.0):
    recorder = Recorder(fps, live=live, must_succeed=True)
    recorder.start(path)
    for frame in frames:
        recorder.write(frame)
    recorder.close()


def read(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="bgr24"), f.key_frame) for f in container.decode(video=0)]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_every_frame_is_there_and_looks_like_it_did(tmp_path, name):
    frames = scene(40)
    record(tmp_path / name, frames)
    back = read(tmp_path / name)
    assert len(back) == 40
    assert [t for t, *_ in back] == pytest.approx([f.time for f in frames], abs=1e-3)
    assert max(np.abs(p.astype(int) - f.image).mean() for f, (_, p, _) in zip(frames, back)) < 7


def test_times_are_kept_exactly_however_uneven(tmp_path):
    times = [5.0, 5.01, 5.2, 5.21, 5.9, 7.0, 7.0333, 9.5]
    images = scene(len(times))
    record(tmp_path / "a.mp4", [Frame(f.image, t) for f, t in zip(images, times)])
    assert [t for t, *_ in read(tmp_path / "a.mp4")] == pytest.approx([t - 5.0 for t in times], abs=1 / 90_000)


def test_frames_at_the_same_time_do_not_break_the_file(tmp_path):
    record(tmp_path / "a.mp4", [Frame(f.image, 0.5) for f in scene(5)])
    times = [t for t, *_ in read(tmp_path / "a.mp4")]
    assert len(times) == 5 and times == sorted(set(times))


@pytest.mark.parametrize("fps", [30.0, 7.0])
def test_a_keyframe_every_second_whatever_the_rate(tmp_path, fps):
    record(tmp_path / "a.mp4", scene(int(5 * fps), fps=fps), live=False, fps=30.0)
    keys = [t for t, _, key in read(tmp_path / "a.mp4") if key]
    assert keys[0] == 0 and max(np.diff(keys)) <= 1 + 1 / fps


@pytest.mark.parametrize("bgr", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (128, 128, 128), (40, 90, 200)])
def test_colours_are_bt709_limited_as_the_tags_say(tmp_path, bgr):
    image = np.full((64, 64, 3), bgr, np.uint8)
    record(tmp_path / "a.mp4", [Frame(image, n / 30) for n in range(5)])
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        tags = (context.colorspace, context.color_range, context.color_primaries, context.color_trc)
        planes = next(container.decode(video=0)).to_ndarray()
    assert tags == (1, 1, 1, 1) and context.pix_fmt == "yuv420p"
    b, g, r = (value / 255 for value in bgr)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b  # ITU-R BT.709, 3.2
    assert planes[20, 20] == pytest.approx(16 + 219 * luma, abs=2)
    blue = planes[64:80].ravel()[8 * 32 + 8]
    assert blue == pytest.approx(128 + 224 * (b - luma) / 1.8556, abs=2)


@pytest.mark.parametrize("size", [(121, 161), (120, 161), (121, 160)])
def test_an_odd_side_is_made_even_by_doubling_its_last_line(tmp_path, size):
    frames = scene(3, size)
    record(tmp_path / "a.mp4", frames)
    image = read(tmp_path / "a.mp4")[0][1]
    assert image.shape == (size[0] + size[0] % 2, size[1] + size[1] % 2, 3)
    inside = image[: size[0], : size[1]].astype(int)
    assert np.abs(inside - frames[0].image).mean() < 6


def test_a_frame_of_another_size_is_scaled(tmp_path):
    record(tmp_path / "a.mp4", scene(3) + [Frame(f.image, 1 + f.time) for f in scene(3, (60, 90))])
    assert {p.shape for _, p, _ in read(tmp_path / "a.mp4")} == {(120, 160, 3)}


def test_stopping_and_starting_makes_two_files(tmp_path):
    recorder = Recorder(30.0, live=True, must_succeed=False)
    frames = scene(20)
    for name in ("a.mp4", "b.mp4"):
        recorder.start(tmp_path / name)
        for frame in frames:
            recorder.write(frame)
            time.sleep(0.005)
        assert recorder.recording is not None and recorder.recording.path == tmp_path / name
        recorder.stop()
        recorder.write(frames[0])
    recorder.close()
    assert [recording.path.name for recording in recorder.ended] == ["a.mp4", "b.mp4"]
    for name in ("a.mp4", "b.mp4"):
        times = [t for t, *_ in read(tmp_path / name)]
        assert times[0] == 0 and 1 <= len(times) <= 20
    assert all(recording.frames + recording.lost == 20 for recording in recorder.ended)


def test_nothing_recorded_leaves_no_file(tmp_path):
    record(tmp_path / "a.mp4", [])
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such/a.mp4", "No such file"),
        ("a.avi", "must end in .mp4"),
        ("a", "must end in"),
        ("folder.mp4", "is a folder"),
    ],
)
def test_what_cannot_be_written_is_found_before_the_run(tmp_path, name, words):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=words):
        Recorder(30.0, live=True, must_succeed=True).start(tmp_path / name)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
class TestFullDisk:
    """/dev/full takes nothing: every write to it fails as on a full disk."""

    @pytest.fixture
    def target(self, tmp_path):
        link = tmp_path / "a.mp4"
        link.symlink_to("/dev/full")
        return link

    def test_the_recording_stops_and_says_so(self, target):
        recorder = Recorder(30.0, live=True, must_succeed=False)
        recorder.start(target)
        for frame in scene(200):
            recorder.write(frame)
            recorder.poll()
            if recorder.ended:
                break
            time.sleep(0.01)
        recorder.close()
        (recording,) = recorder.ended
        assert isinstance(recording.failure, RunError) and recorder.recording is None
        assert "No space left" in str(recording.failure)

    def test_a_file_without_a_whole_frame_is_not_said_to_play(self, target):
        recorder = Recorder(30.0, live=False, must_succeed=False)
        recorder.start(target)
        for frame in scene(40):
            recorder.write(frame)
        recorder.close()
        assert recorder.failed == [target]
        assert "nothing of it can be played" in str(recorder.ended[0].failure)

    def test_without_a_window_it_ends_the_run(self, target):
        def write_and_close(frames):
            with Recorder(30.0, live=False, must_succeed=True) as recorder:
                recorder.start(target)
                for frame in frames:
                    recorder.write(frame)
                    recorder.poll()

        with pytest.raises(RunError, match="No space left"):
            write_and_close(scene(400))


def test_a_power_cut_costs_two_seconds_at_most(tmp_path, monkeypatch):
    """What a disk that drops everything unsynced would hold: the file at its last sync, and its name in the folder."""
    path, disk, folders = tmp_path / "a.mp4", tmp_path / "after.mp4", set()
    synced = threading.Event()

    def fsync(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            folders.add(os.fstat(handle).st_ino)
        else:
            disk.write_bytes(path.read_bytes())
            synced.set()

    monkeypatch.setattr(os, "fsync", fsync)
    recorder = Recorder(30.0, live=False, must_succeed=True)
    recorder.start(path)
    frames = scene(300)
    for number, frame in enumerate(frames):
        recorder.write(frame)
        if number % 30 == 29:  # wait for the sync of this second's keyframe
            assert synced.wait(60)
            synced.clear()
    assert frames[-1].time - [time for time, *_ in read(disk)][-1] < 2
    assert folders == {tmp_path.stat().st_ino}
    recorder.close()
    assert len(read(disk)) == 300


def test_a_killed_process_leaves_a_file_that_plays(tmp_path):
    """kill -9 while frames come at 30 a second; at most a second may be missing."""
    program = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from realtime_nst.sources.demo import DemoSource
        from realtime_nst.sinks.recorder import Recorder
        source, recorder = DemoSource((120, 160)), Recorder(30.0, live=True, must_succeed=True)
        recorder.start(Path(sys.argv[1]))
        for number in range(100_000):
            recorder.write(source.read())
            print(number, flush=True)
            time.sleep(1 / 30)
    """)
    path = tmp_path / "a.mp4"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    written = 0
    for line in process.stdout:
        written = int(line)
        if written == 100:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    times = [t for t, *_ in read(path)]
    assert len(times) >= written - 30
    assert times == pytest.approx([n / 30 for n in range(len(times))], abs=1e-3)
