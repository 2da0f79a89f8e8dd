"""Everything that a live run has opened is closed once, even if the rest cannot be opened."""

import contextlib

import pytest
from support.doubles import Kept, MeanColour, Numbered

from realtime_nst.errors import DeviceError, OutputError
from realtime_nst.live import devices, run, sinks
from realtime_nst.live.run import LiveOptions, run_live
from realtime_nst.live.sinks import SinkEntry
from realtime_nst.styles.library import find_styles


class Source(Numbered):
    """A source that counts how often it is closed."""

    closes = 0

    def close(self):
        self.closes += 1
        super().close()


@pytest.fixture
def source(monkeypatch):
    """The source that every run opens; networks are doubles."""
    source = Source(9)
    monkeypatch.setattr(devices, "open_source", lambda *_, **__: source)
    monkeypatch.setattr(run, "open_network", lambda *_: MeanColour())
    return source


@pytest.fixture
def sink(monkeypatch):
    """A sink in the table, before all others."""
    kept = Kept()
    entry = SinkEntry(lambda options: True, lambda *_: kept)
    monkeypatch.setattr(run, "BEFORE_MODEL", (entry, *sinks.BEFORE_MODEL))
    return kept


def go(**options):
    return run_live(LiveOptions("0", find_styles(["ink"]), processing_size=64, **options), lambda message: None)


def test_a_run_closes_its_source_and_sinks_once(source, sink):
    assert go(headless=True, frames=3).frames == len(sink.frames) == 3
    assert source.closes == sink.closed == 1


def test_a_window_that_does_not_open_closes_what_was_opened(source, sink, monkeypatch):
    def no_window(*_):
        raise DeviceError("no window")

    monkeypatch.setattr("realtime_nst.live.options.check_display", lambda: None)
    monkeypatch.setattr(sinks, "Window", no_window)
    with pytest.raises(DeviceError, match="no window"):
        go()
    assert source.closes == sink.closed == 1


def test_a_recording_that_does_not_open_closes_what_was_opened(source, sink, monkeypatch, tmp_path):
    folder = tmp_path / "unplugged"
    folder.mkdir()

    def open_source(*_, **__):
        folder.rmdir()  # It was there when the options were checked.
        return source

    monkeypatch.setattr(devices, "open_source", open_source)
    with pytest.raises(OutputError, match="cannot write"):
        go(headless=True, record=folder / "out.mp4")
    assert source.closes == sink.closed == 1


def test_a_model_that_does_not_load_closes_what_was_opened(source, sink, monkeypatch):
    def no_model(*_):
        raise MemoryError

    monkeypatch.setattr(run, "open_network", no_model)
    with pytest.raises(MemoryError):
        go(headless=True, frames=1, serve=("127.0.0.1", 0))
    assert source.closes == sink.closed == 1


def test_a_port_is_free_again_when_the_model_does_not_load(source, monkeypatch):
    def no_model(*_):
        raise MemoryError

    monkeypatch.setattr(run, "open_network", no_model)
    with contextlib.closing(devices.Listener("127.0.0.1", 0)) as listener:
        port = listener.socket.getsockname()[1]
    for _ in range(2):
        with pytest.raises(MemoryError):
            go(headless=True, frames=1, serve=("127.0.0.1", port))


class TestExistingFiles:
    def test_a_recording_is_not_replaced_without_a_word(self, source, tmp_path):
        path = tmp_path / "out.mp4"
        path.write_bytes(b"yesterday")
        with pytest.raises(OutputError, match=r"out\.mp4 exists; add --overwrite"):
            go(headless=True, record=path)
        assert path.read_bytes() == b"yesterday" and source.given == 0

    def test_statistics_are_not_replaced_without_a_word(self, source, tmp_path):
        path = tmp_path / "s.json"
        path.write_text("yesterday")
        with pytest.raises(OutputError, match=r"s\.json exists; add --overwrite"):
            go(headless=True, frames=1, stats=path)
        assert path.read_text() == "yesterday"

    def test_overwrite_replaces_them(self, source, tmp_path):
        video, statistics = tmp_path / "out.mp4", tmp_path / "s.json"
        for path in (video, statistics):
            path.write_text("yesterday")
        go(headless=True, frames=2, record=video, stats=statistics, overwrite=True)
        assert video.read_bytes()[4:8] == b"ftyp" and statistics.read_text().startswith("{")
