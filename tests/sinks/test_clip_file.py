"""A clip writer that cannot start or is left early: nothing stays open, and nothing is lost."""

import os
import sys
from pathlib import Path

import av
import pytest

from realtime_nst.errors import OutputError, RunError, SourceError
from realtime_nst.media.claims import Claim
from realtime_nst.media.containers import index_first
from realtime_nst.sinks.clip import clip_file
from realtime_nst.sinks.clip.clip_file import ClipWriter
from realtime_nst.sources.clip import ClipSource


@pytest.fixture
def clip(made_clip, tmp_path):
    """A clip with sound, in a file of its own."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(made_clip("plain.mp4").read_bytes())
    with ClipSource(path) as source:
        yield source


def open_files(folder: Path) -> set[str]:
    """The files of a folder that this process has open."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux tells which files a process has open")
    links = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {Path(link).name for link in links if link.startswith(str(folder))}


def start(clip, folder, **options):
    return ClipWriter(folder / "out.mp4", clip, clip.size, encoder="libx264", **options)


def write_some(clip, folder, **options) -> ClipWriter:
    """Write two seconds and leave the partial file."""
    with start(clip, folder, keyframe_seconds=0.2, **options) as writer:
        for _ in range(20):
            writer.write(clip.read())
    return writer


def test_a_start_that_fails_leaves_nothing_behind(clip, tmp_path):
    """The clip has gone when it is opened a second time, for its sound."""
    clip.path.unlink()
    with pytest.raises(SourceError, match="No such file"):
        start(clip, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not open_files(tmp_path) - {"clip.mp4 (deleted)"}


def test_a_resumed_start_that_fails_leaves_what_it_found(clip, tmp_path):
    write_some(clip, tmp_path, settings="same")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    moved = clip.path.rename(tmp_path.parent / "moved.mp4")
    with pytest.raises(SourceError):
        start(clip, tmp_path, settings="same", resume=True)
    moved.rename(clip.path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert not open_files(tmp_path) - {"clip.mp4", "moved.mp4"}
    with start(clip, tmp_path, settings="same", resume=True) as writer:
        assert writer.frames > 10 and writer.resumed > 0


def test_a_note_that_cannot_be_written_is_an_error_before_the_run(clip, tmp_path):
    (tmp_path / "out.partial.json").mkdir()
    with pytest.raises(OutputError, match="cannot write .*out.partial.mp4.*-o"):
        start(clip, tmp_path)
    assert not (tmp_path / "out.partial.mp4").exists()


def test_a_with_block_that_ends_early_leaves_a_partial_file_that_plays(clip, tmp_path):
    writer = write_some(clip, tmp_path)
    writer.abandon()
    assert not (tmp_path / "out.mp4").exists() and not open_files(tmp_path) - {"clip.mp4"}
    with av.open(str(writer.partial)) as container:
        assert len(list(container.decode(video=0))) == 20


def test_a_finished_clip_is_left_alone_by_its_with_block(clip, tmp_path):
    with start(clip, tmp_path) as writer:
        writer.write(clip.read())
        assert writer.finish() == tmp_path / "out.mp4"
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "out.mp4"}
    assert not open_files(tmp_path) - {"clip.mp4"}


def test_a_finish_that_fails_leaves_the_frames_and_nothing_open(clip, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(clip_file, "index_first", full)
    with start(clip, tmp_path) as writer:
        writer.write(clip.read())
        with pytest.raises(RunError, match="No space left"):
            writer.finish()
    assert not open_files(tmp_path) - {"clip.mp4"}
    index_first(writer.partial, tmp_path / "whole.mp4", [])
    with av.open(str(tmp_path / "whole.mp4")) as container:
        assert len(list(container.decode(video=0))) == 1


def test_a_full_disk_at_the_start_leaves_nothing_behind(clip, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Claim, "note", property(lambda claim: "", full))
    with pytest.raises(OutputError, match="No space left on device"):
        start(clip, tmp_path, settings="these")
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4"}
