"""Clips whose times jump, end to end: the clock of the output runs on, and images and sound stay in step."""

import itertools
import threading
from dataclasses import replace
from fractions import Fraction

import av
import pytest
from support.clip_files import OPTIONS, make, sound, times
from support.clip_maker import SMALL_H264, Sound, Video, every, join, restamp, write_clip
from support.doubles import MeanColour

from realtime_nst.errors import RunError, SourceError
from realtime_nst.media import demuxer
from realtime_nst.sources.clip import ClipSource
from realtime_nst.stylizer import Stylizer

GROUPS = SMALL_H264 | {"g": "12", "bf": "2"}
SECONDS = 3.0
VIDEO = Video(size=(64, 48), times=every(Fraction(1, 25), 75), options=GROUPS)


@pytest.fixture
def stylizer():
    return Stylizer(MeanColour(), 64)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Three seconds with B-frames and sound."""
    return write_clip(tmp_path_factory.mktemp("base") / "base.mp4", [VIDEO], [Sound()])


@pytest.fixture(scope="module")
def broadcast(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("base") / "base.ts", [VIDEO], [Sound()], container="mpegts")


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("base") / "silent.ts", [VIDEO], container="mpegts")


def stylized(clip, tmp_path, stylizer, suffix=".mp4", **options):
    """Return the output, when its frames and its sound packets are shown and heard, and what was told."""
    notices = []
    output = make(clip, tmp_path / f"out{suffix}", stylizer, replace(OPTIONS, **options), say=notices.append)
    return output, times(output), [track[2] for track in sound(output)], notices


def steps(moments):
    return [after - before for before, after in itertools.pairwise(moments)]


def in_step(pictures, heard):
    """Check that images and sound begin together, end together, and have no gap, no overlap."""
    assert pictures[0] == pytest.approx(heard[0], abs=0.1)
    assert pictures[-1] == pytest.approx(heard[-1], abs=0.1)
    assert min(steps(pictures)) > 0.039 and max(steps(pictures)) < 0.13
    assert min(steps(heard)) > 0.0229 - 0.001 and max(steps(heard)) < 0.05


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_joined_broadcasts_are_as_long_as_both(broadcast, tmp_path, stylizer, suffix):
    clip = join([broadcast, broadcast], tmp_path / "joined.ts")
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, suffix)
    assert len(pictures) == 150 and pictures[-1] == pytest.approx(6.0, abs=0.1)
    in_step(pictures, heard)
    assert notices == [
        "joined.ts: the times in the file jump at 3.0 s by -3.0 s; pictures and sound go on without a break"
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_recording_that_was_restarted_repeats_its_headers(base, tmp_path, stylizer, suffix):
    piece = restamp(base, tmp_path / "piece.flv", lambda kind, time: 0.0).read_bytes()
    clip = tmp_path / "joined.flv"
    clip.write_bytes(piece + piece[13:])  # the file's own header, and the length of nothing
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, suffix)
    assert len(pictures) == 150 and pictures[-1] == pytest.approx(6.0, abs=0.1)
    in_step(pictures, heard)
    assert len(notices) == 1


def test_joined_broadcasts_without_sound(silent, tmp_path, stylizer):
    clip = join([silent] * 3, tmp_path / "joined.ts")
    _, pictures, _, notices = stylized(clip, tmp_path, stylizer)
    assert pictures == pytest.approx([number / 25 for number in range(225)], abs=1e-3)
    assert "jump at 2.9 s by -3.0 s, at 5.9 s by -3.0 s; pictures" in notices[0]


@pytest.mark.parametrize(("start", "frames"), [(1.0, 125), (4.0, 50)])
def test_start_counts_the_joined_clip(broadcast, tmp_path, stylizer, start, frames):
    clip = join([broadcast, broadcast], tmp_path / "joined.ts")
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, start=start)
    assert len(pictures) == pytest.approx(frames, abs=2) and pictures[-1] == pytest.approx(6.0 - start, abs=0.1)
    in_step(pictures, heard)
    assert len(notices) == (start < SECONDS)  # a jump before the start does not matter


def test_a_joined_clip_is_resumed_behind_the_jump(broadcast, tmp_path, stylizer):
    clip, stop = join([broadcast, broadcast], tmp_path / "joined.ts"), threading.Event()
    whole = stylized(clip, tmp_path, stylizer, ".mov")[:3]
    output, frames = tmp_path / "out.mp4", itertools.count()
    with pytest.raises(RunError, match="--resume"):
        make(clip, output, stylizer, stop=stop, progress=lambda *_: next(frames) == 130 and stop.set())
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, resume=True)
    assert any("going on at 5." in notice for notice in notices), notices
    assert (pictures, [heard]) == whole[1:]


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".flv"])
@pytest.mark.parametrize("seconds", [3600.0, 5.0])
def test_a_piece_of_a_stream_begins_at_0(base, tmp_path, stylizer, suffix, seconds):
    clip = restamp(base, tmp_path / f"late{suffix}", lambda kind, time: seconds)
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer)
    assert len(pictures) == 75 and 0 <= pictures[0] < 0.05
    in_step(pictures, heard)
    _, pictures, (heard,), _ = stylized(clip, tmp_path, stylizer, start=1.0, overwrite=True)
    assert len(pictures) == pytest.approx(50, abs=1) and notices == []
    in_step(pictures, heard)
    with pytest.raises(SourceError, match="--start 5"):
        ClipSource(clip, start=5.0)
    with ClipSource(clip) as source:
        assert source.rate == 25  # of an FLV, FFmpeg's average is its unit of time, 1000


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_frames_before_0_are_kept(base, tmp_path, stylizer, suffix):
    clip = restamp(base, tmp_path / f"early{suffix}", lambda kind, time: -1.0)
    _, pictures, (heard,), _ = stylized(clip, tmp_path, stylizer)
    assert len(pictures) == 75 and 0 <= pictures[0] < 0.05
    in_step(pictures, heard)


@pytest.mark.parametrize("into", [".mp4", ".mkv"])
@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".mov"])
def test_a_pause_of_an_hour_is_left_out(base, tmp_path, stylizer, suffix, into):
    clip = restamp(base, tmp_path / f"gap{suffix}", lambda kind, time: 3600.0 if time > 1.91 - 0.08 else 0.0)
    output, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, into)
    assert len(pictures) == 75 and pictures[-1] == pytest.approx(SECONDS, abs=0.2)
    assert max(steps(pictures)) < 0.2 and max(steps(heard)) < 0.2
    with av.open(str(output)) as container:
        assert container.duration / av.time_base < SECONDS + 0.2
    assert len(notices) == 1 and "by +3600.0 s" in notices[0]


def test_a_slide_that_stands_for_minutes_is_no_pause(tmp_path, stylizer):
    """It says so: nothing else in the clip says the opposite."""
    slides = replace(VIDEO, times=(0, 90000 * 100, 90000 * 300), options=SMALL_H264 | {"bf": "0"})
    clip = write_clip(tmp_path / "slides.mp4", [slides])
    _, pictures, _, notices = stylized(clip, tmp_path, stylizer)
    assert pictures == [0, 100, 300] and notices == []


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_sound_with_a_clock_of_its_own_is_laid_beside_the_images(base, tmp_path, stylizer, suffix):
    """Stamped with the time since 1970."""
    clip = restamp(base, tmp_path / f"epoch{suffix}", lambda kind, time: 1.75e9 if kind == "audio" else 0.0)
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer)
    assert len(pictures) == 75
    in_step(pictures, heard)
    assert len(notices) == 1 and "jump at 0.0 s by +" in notices[0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_packet_stamped_twice_comes_a_tick_later(base, tmp_path, stylizer, suffix):
    moved = []

    def twin(kind, time):
        """Give one packet of sound in the middle the time of the one before it."""
        if kind == "audio" and time > 1.5 and not moved:
            moved.append(time)
            return -0.023
        return 0.0

    clip = restamp(base, tmp_path / "twin.mkv", twin)
    _, pictures, (heard,), notices = stylized(clip, tmp_path, stylizer, suffix)
    assert len(pictures) == 75 and len(heard) == len(sound(base)[0][2])
    assert 0 < min(steps(heard)) < 0.002 and max(steps(heard)) < 0.05
    assert notices == ["twin.mkv: a packet of sound or subtitles overlapped others and came after them instead"]


def test_a_single_wrong_time_moves_nothing_else(base, tmp_path, stylizer):
    wrong = []

    def glitch(kind, time):
        if kind == "audio" and time > 1.5 and not wrong:
            wrong.append(time)
            return 3600.0
        return 0.0

    # No muxer of FFmpeg would write it.
    clip = restamp(base, tmp_path / "glitch.mkv", lambda kind, time: 0.0)
    source = demuxer.Demuxer(clip)
    packets = []
    for packet in source.container.demux(source.clock.streams):
        if packet.size:
            shift = round(glitch(packet.stream.type, float(packet.pts * packet.time_base)) / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, (packet.dts or 0) + shift
        packets.append(packet)
    found = [float(p.pts * p.time_base) for p in source.clock.run(packets) if p.size and p.stream.type == "audio"]
    source.close()
    assert wrong and max(steps(found)) < 0.05 and min(steps(found)) > -0.05
    assert found[-1] == pytest.approx(SECONDS, abs=0.1) and source.clock.jumps == []


def test_a_gap_in_sound_that_is_encoded_anew_stays_a_gap(tmp_path, stylizer):
    """Or the sound behind it would come too early."""
    base = write_clip(tmp_path / "pcm.mov", [VIDEO], [Sound(codec="pcm_s16le")])
    clip = restamp(base, tmp_path / "gap.mkv", lambda kind, time: 2.0 if kind == "audio" and time > 1.5 else 0.0)
    _, pictures, (heard,), _ = stylized(clip, tmp_path, stylizer)
    assert len(pictures) == 75 and max(steps(heard)) < 0.03
    assert heard[-1] == pytest.approx(5.0, abs=0.1)


def test_a_playlist_is_cut_where_asked(broadcast, tmp_path, stylizer):
    """Its pieces may begin anew; a discontinuity need not be marked as one."""
    (tmp_path / "a.ts").write_bytes(broadcast.read_bytes())
    lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:3", "#EXTINF:3,", "a.ts", "#EXT-X-DISCONTINUITY", "#EXTINF:3,", "a.ts"]
    (tmp_path / "list.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    _, pictures, (heard,), _ = stylized(tmp_path / "list.m3u8", tmp_path, stylizer, start=1.0)
    assert len(pictures) == 125 and pictures[-1] == pytest.approx(5.0, abs=0.1)
    in_step(pictures, heard)


def test_a_raw_stream_is_cut_where_asked(silent, tmp_path, stylizer):
    """It holds neither times nor an index."""
    clip = tmp_path / "raw.h264"
    write_clip(clip, [VIDEO], container="h264")
    _, pictures, _, _ = stylized(clip, tmp_path, stylizer, start=1.0, end=2.0)
    assert len(pictures) == 25 and pictures[-1] == pytest.approx(0.96, abs=1e-3)
