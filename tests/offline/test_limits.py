"""Long clips and full disks: memory stays flat, and the written part can be played."""

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import TESTS
from support.clip_files import OPTIONS, make, times
from support.doubles import Kept, MeanColour

from realtime_nst.errors import RunError
from realtime_nst.frames import Frame
from realtime_nst.pipeline import RenderParams, run
from realtime_nst.sinks.recorder import Recorder
from realtime_nst.sources.clip import ClipSource
from realtime_nst.sources.demo import DemoSource
from realtime_nst.sources.realtime import RealtimeSource
from realtime_nst.stylizer import Stylizer


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_stops_the_recording_and_the_preview_goes_on(small_disk):
    class News(Kept):
        """A preview that notes when the recording failed and ends the run 30 frames later."""

        def write(self, frame):
            super().write(frame)
            if recorder.ended and self.failed is None:
                self.failed = len(self.frames)
            if self.failed is not None and len(self.frames) >= self.failed + 30:
                stop.set()

        failed = None

    stop, preview = threading.Event(), News()
    recorder = Recorder(30.0, live=True, must_succeed=False)
    recorder.start(small_disk / "a.mp4")
    run(
        # Grain fills the disk within seconds.
        RealtimeSource(DemoSource((240, 320), grain=12)),
        Stylizer(MeanColour(), 320),
        [recorder, preview],
        lambda frame: RenderParams(np.array([30, 60, 90], np.float32)),
        live=True,
        stop=stop,
        seconds=120,
    )
    (recording,) = recorder.ended
    assert "No space left" in str(recording.failure) and "what was written plays" in str(recording.failure)
    assert len(preview.frames) == preview.failed + 30
    written, shown = ClipSource(small_disk / "a.mp4"), []
    while (frame := written.read()) is not None:
        shown.append(frame.time)
    # All but what one second holds is there, and at most the frame that was cut in two cannot be shown.
    assert shown[-1] > recording.seconds - 1 and len(shown) > 30 and written.damaged <= 1


def test_a_full_disk_leaves_a_clip_that_is_gone_on_with(small_disk, tmp_path):
    clip = tmp_path / "clip.mp4"
    recorder = Recorder(30.0, live=False, must_succeed=True)
    recorder.start(clip)
    noise = np.random.default_rng(1)
    for number in range(300):
        recorder.write(Frame(noise.integers(0, 255, (120, 160, 3), np.uint8), number / 30))
    recorder.close()
    with pytest.raises(RunError, match="No space left.*what was written plays"):
        make(clip, small_disk / "out.mp4", Stylizer(MeanColour(), 160))
    partial = ClipSource(small_disk / "out.partial.mp4")
    assert partial.size == (120, 160) and partial.read() is not None
    partial.close()
    assert not (small_disk / "out.mp4").exists()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    make(clip, small_disk / "out.mp4", Stylizer(MeanColour(), 160), replace(OPTIONS, resume=True))
    assert times(small_disk / "out.mp4") == times(clip)


LONG = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support.clip_files import make
from support.doubles import MeanColour
from realtime_nst.stylizer import Stylizer

page = 4096
held = []
def note(done, total):
    minute = int(done // 60)
    if len(held) <= minute and done < total:
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * page / 2**20)
make(Path(sys.argv[2]), Path(sys.argv[3]), Stylizer(MeanColour(), 32), progress=note)
print(json.dumps(held))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_ten_minutes_take_no_more_memory_than_two(tmp_path):
    """With a network double and small frames: what could pile up is frames, packets and indices."""
    clip = tmp_path / "long.mp4"
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=64x48:rate=10:duration=600",
            "-f",
            "lavfi",
            "-i",
            "sine=440:duration=600",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-c:a",
            "aac",
            clip,
        ],
        check=True,
    )
    done = subprocess.run(
        [sys.executable, "-c", LONG, TESTS, clip, tmp_path / "out.mp4"], capture_output=True, text=True, check=True
    )
    held = json.loads(done.stdout)
    assert len(held) == 10 and held[9] - held[2] < 16, held
    assert len(times(tmp_path / "out.mp4")) == 6000
