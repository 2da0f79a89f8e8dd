"""A clip is opened as the named file alone: no other file is read, and never the network."""

from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from realtime_nst.errors import SourceError
from realtime_nst.media.demuxer import Demuxer
from realtime_nst.sources.clip import ClipSource


def write_clip(path, frames=12, **options):
    with av.open(f"file:{path}", "w", **options) as output:
        stream = output.add_stream("libx264", rate=Fraction(12), options={"preset": "ultrafast"})
        stream.width = stream.height = 64
        stream.gop_size = 4
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 20 * number, np.uint8), format="bgr24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def count(path):
    source = ClipSource(path)
    frames = sum(1 for _ in iter(source.read, None))
    source.close()
    return frames


@pytest.mark.parametrize("name", ["Film: one.mp4", "file:b.mp4", "concat:b.mp4", "http:127.0.0.1:9?x.mp4", "a?b#c.mp4"])
def test_a_name_is_a_name_whatever_ffmpeg_would_make_of_it(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "b.mp4", 3)
    write_clip(tmp_path / name)
    assert count(tmp_path / name) == count(Path(name)) == 12


@pytest.fixture
def playlist(tmp_path):
    """An HLS playlist with its three pieces beside it."""
    path = tmp_path / "list.m3u8"
    write_clip(path, format="hls", container_options={"hls_time": "0.3", "hls_list_size": "0"})
    assert "#EXT-X-ENDLIST" in path.read_text()
    return path


def test_an_hls_playlist_is_played_with_the_pieces_in_its_own_folder(playlist):
    assert count(playlist) == 12


@pytest.mark.parametrize(
    "named",
    [
        "/etc/passwd",
        "../secret.ts",
        "file:///etc/passwd",
        "http://127.0.0.1:9/a.ts",
        "http:127.0.0.1:9/a.ts",
        "%2e%2e/a.ts",
    ],
)
def test_a_playlist_that_leads_elsewhere_is_refused(playlist, named):
    lines = playlist.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    lines[first] = named
    playlist.write_text("\n".join(lines))
    with pytest.raises(SourceError, match="does not lie in its own folder"):
        ClipSource(playlist)


def test_a_playlist_may_lead_elsewhere_neither_by_a_tag_nor_through_another(playlist):
    master = playlist.with_name("master.m3u8")
    master.write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlist.m3u8\n")
    assert count(master) == 12
    playlist.write_text(
        playlist.read_text().replace("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="/etc/passwd"\n#EXTINF', 1)
    )
    for path in (playlist, master):
        with pytest.raises(SourceError, match="names /etc/passwd"):
            ClipSource(path)


def test_a_playlist_that_is_not_finished_is_refused_instead_of_waited_for(playlist):
    playlist.write_text(playlist.read_text().replace("#EXT-X-ENDLIST", ""))
    with pytest.raises(SourceError, match="not finished"):
        ClipSource(playlist)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts", "clip"])
def test_a_playlist_named_like_a_clip_is_refused(playlist, name):
    disguised = playlist.with_name(name)
    for text in (playlist.read_text(), f"ffconcat version 1.0\nfile {next(playlist.parent.glob('*.ts')).name}\n"):
        disguised.write_text(text)
        with pytest.raises(SourceError, match="is a playlist, not a clip"):
            ClipSource(disguised)


@pytest.mark.parametrize("name", ["a.h264", "a.flv", "a.mp4", "a.mkv", "a.ts"])
def test_any_container_is_read_from_a_start(tmp_path, name):
    path = write_clip(tmp_path / name)
    source = ClipSource(path, start=0.5)
    levels = [int(frame.image.mean()) for frame in iter(source.read, None)]
    source.close()
    assert len(levels) == 6 and levels[0] == pytest.approx(20 * 6, abs=4)
    for beyond in (1e4, 1e300):
        with pytest.raises(SourceError, match="--start"):
            ClipSource(path, start=beyond)


def test_a_clip_whose_index_leads_nowhere_is_read_from_its_beginning(tmp_path, monkeypatch):
    opened = Demuxer(write_clip(tmp_path / "a.mp4"))
    real = opened.container

    def refuse(*_, **__):
        raise av.error.PermissionError(1, "Operation not permitted")

    class Damaged:
        format, seek, close = real.format, staticmethod(refuse), real.close

    monkeypatch.setattr(opened, "container", Damaged())
    times = [packet.pts * packet.time_base for packet in opened.packets(0.5) if packet.size]
    assert times[0] == 0 and max(times) > 0.5
    opened.close()
