"""Clips that another program writes into a pipe."""

import contextlib
import os
import subprocess
import sys
import threading

import pytest
from support import ROOT
from support.doubles import Kept, MeanColour

from realtime_nst.errors import SourceError
from realtime_nst.frames import RenderParams
from realtime_nst.pipeline import run
from realtime_nst.sources.factory import open_source
from realtime_nst.stylizer import Stylizer


@pytest.fixture
def fifo(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes, which this system does not have")
    path = tmp_path / "camera"
    os.mkfifo(path)
    return path


def write(path, data):
    thread = threading.Thread(target=lambda: path.write_bytes(data), daemon=True)
    thread.start()
    return thread


def test_a_named_pipe_is_read_to_its_end(fifo, made_clip):
    writer = write(fifo, made_clip("uneven.mkv").read_bytes())
    with contextlib.closing(open_source(str(fifo), live=False)) as source:
        frames = list(iter(source.read, None))
    writer.join()
    with contextlib.closing(open_source(str(made_clip("uneven.mkv")), live=False)) as clip:
        times = [frame.time for frame in iter(clip.read, None)]
    assert [frame.time for frame in frames] == times and len(times) == 25
    assert source.size == (120, 160) and source.name == f"the pipe {fifo}"


def test_the_wait_for_the_writer_ends_with_the_run(fifo, made_clip):
    """A thread that outlives the run would hold up the end of the process."""
    ended = threading.Event()

    def write_and_wait():
        with fifo.open("wb") as file:
            file.write(made_clip("uneven.mkv").read_bytes())
            file.flush()
            ended.wait(60)

    writer = threading.Thread(target=write_and_wait, daemon=True)
    writer.start()
    source = open_source(str(fifo), live=True)
    run(source, Stylizer(MeanColour()), [Kept()], lambda _: RenderParams(None), live=True, frames=3)
    assert "capture" not in [thread.name for thread in threading.enumerate()]
    ended.set()
    writer.join()


def test_what_cannot_be_read_as_it_comes_is_refused(fifo):
    write(fifo, b"no video\n" * 500)
    with pytest.raises(SourceError, match="sends no clip that can be read as it comes; MPEG-TS and Matroska can"):
        open_source(str(fifo))


def test_a_playlist_in_a_pipe_leads_nowhere(fifo, made_clip):
    write(fifo, f"ffconcat version 1.0\nfile '{made_clip('plain.mp4')}'\n".encode())
    with pytest.raises(SourceError, match="sends no clip"):
        open_source(str(fifo))


def test_standard_input_is_stylized(made_clip, tmp_path):
    """From the command line, as `ffmpeg ... | realtime-nst live --camera -`."""
    done = subprocess.run(
        [sys.executable, "-m", "realtime_nst", "live", "--camera", "-", "--headless", "--frames", "25"]
        + ["--model", "fast", "--style", "ink", "--work-size", "96"],
        input=made_clip("uneven.mkv").read_bytes(),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    errors = done.stderr.decode()
    assert done.returncode == 0, errors
    assert "reading standard input: waiting for the program that writes to it" in errors and "25 frames" in errors
