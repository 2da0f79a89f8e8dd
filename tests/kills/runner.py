"""Runs that are killed, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from support.clip_files import OPTIONS, make, times
from support.clip_maker import make_clip
from support.doubles import MeanColour

from realtime_nst.sinks.clip.clip_file import ClipWriter
from realtime_nst.stylizer import Stylizer

MOMENTS = {"begin": 0.25, "frames": 0.02, "join": 0.06}
"""The events that a kill follows, and the longest delay behind each, in seconds."""
PATIENCE = 120.0
"""Seconds after which a run is taken to hang."""


class Kill(NamedTuple):
    """What became of one run."""

    moment: str
    resumed: bool
    killed: bool
    """Whether it was killed before it was done."""
    refusal: str
    """The error of a run that ended by itself; empty: none."""
    lost: int
    """Number of finished frames that can no longer be read."""
    wrong: bool
    """Whether a finished output does not hold exactly the frames of the clip."""

    @property
    def find(self) -> bool:
        return bool(self.refusal or self.lost or self.wrong)


def kill_runs(seed: int, count: int, folder: Path) -> Iterator[Kill]:
    """Start runs, most of which resume the one before, until `count` of them have been killed."""
    rng = np.random.default_rng(seed)
    clip = make_clip("ten_seconds.mp4", folder)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kills.runner"])
    expected = times(clip)
    number = held = killed = 0
    while killed < count:
        output = folder / f"out{number}{('.mp4', '.mkv')[number % 2]}"
        moment = str(rng.choice(list(MOMENTS)))
        if not held and rng.random() < 0.7:  # or most runs would have nothing to resume
            moment = "frames"
        delay, frames = float(rng.uniform(0, MOMENTS[moment])), int(rng.integers(0, len(expected)))
        ours, theirs = context.Pipe(duplex=False)
        resumed = held > 0
        process = context.Process(target=_run, args=(clip, output, theirs))
        process.start()
        theirs.close()
        last = _wait_for(ours, moment, frames, delay)
        process.kill()
        process.join()
        before, held = held, max((_frames(path) for path in folder.glob(f"{output.stem}*{output.suffix}")), default=0)
        wrong = output.exists() and held != len(expected)
        kill = Kill(moment, resumed, last not in ("done", "error"), _refusal(ours, last), max(before - held, 0), wrong)
        killed += kill.killed
        yield kill
        ours.close()
        if output.exists():
            number, held = number + 1, 0


def _run(clip: Path, output: Path, events: Connection) -> None:
    """Stylize the clip and report every event."""
    finish = ClipWriter.finish

    def join(self: ClipWriter) -> Path:
        events.send("join")
        return finish(self)

    ClipWriter.finish = join
    events.send("begin")
    try:
        options = replace(OPTIONS, resume=True)
        make(clip, output, Stylizer(MeanColour(), 96), options, progress=lambda done, total: events.send("frames"))
        events.send("done")
    except BaseException as error:
        events.send("error")
        events.send(repr(error))


def _wait_for(events: Connection, moment: str, frames: int, delay: float) -> str:
    """Wait until the moment of the kill; return the last event."""
    event = ""
    while event not in ("done", "error"):
        if not events.poll(PATIENCE):
            raise TimeoutError("a run hangs")
        event = events.recv()
        frames -= event == "frames"
        if event == moment and (moment != "frames" or frames <= 0):
            time.sleep(delay)
            while events.poll():
                event = events.recv()
                if event in ("done", "error"):
                    return event
            return event
    return event


def _refusal(events: Connection, last: str) -> str:
    return str(events.recv()) if last == "error" else ""


def _frames(path: Path) -> int:
    """Return the number of frames that can be read; 0 if the file cannot be opened."""
    try:
        return len(times(path))
    except (av.error.FFmpegError, IndexError, AttributeError):
        return 0
