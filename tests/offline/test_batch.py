"""Clip jobs, which another process can run, and batches of them."""

import multiprocessing
import os
import pickle
import subprocess
import threading

import pytest
from support.clip_files import job_maker, times

from realtime_nst.errors import InputError, ModelError, OutputError, RunError, SourceError
from realtime_nst.frames import RenderParams
from realtime_nst.offline.batch import Failed, Finished, Notice, Progressed, Started, run_batch
from realtime_nst.offline.clip import ClipOptions
from realtime_nst.offline.job import ClipJob, ClipWorker, run_job
from realtime_nst.sources.clip import ClipSource
from realtime_nst.styles.library import find_style


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Half a second of FFmpeg's test pattern with a tone."""
    path = tmp_path_factory.mktemp("clips") / "pattern.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=12:duration=0.5", "-f", "lavfi",
         "-i", "sine=440:duration=0.5", "-c:v", "libx264", "-c:a", "aac", path],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture
def job(clip, tmp_path):
    """Make a job with the fast network at a small size."""
    return job_maker(clip, tmp_path)


def in_child(job: ClipJob, cpus: set[int] | None = None):
    """Run `job` in a new process, confined to `cpus`; return the file written and the frames that were in flight."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_work, (job, cpus))


def _work(job: ClipJob, cpus: set[int] | None):
    if cpus is not None:
        os.sched_setaffinity(0, cpus)
    worker = ClipWorker()
    return worker.run(job), worker._stylizer(job).network.frames_in_flight


def test_a_job_pickles_and_another_process_makes_the_same_clip(job, clip):
    first = job(styles=((0.0, find_style("night")), (0.4, find_style("ink"))))
    assert pickle.loads(pickle.dumps(first)) == first
    path, _ = in_child(first)
    assert path == first.output
    assert times(path) == times(clip)
    here = ClipSource(run_job(job("here.mp4", styles=first.styles)))
    there = ClipSource(path)
    while (frame := here.read()) is not None:
        assert (frame.image == there.read().image).all()
    here.close()
    there.close()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no processor affinity")
def test_a_job_takes_the_processors_of_its_process(job):
    """With one processor no second frame is in flight; with several there are one more than streams."""
    cpus = os.sched_getaffinity(0)
    assert in_child(job("one.mp4"), {min(cpus)})[1] == 0
    if len(cpus) > 1:
        assert in_child(job("two.mp4"), set(sorted(cpus)[:2]))[1] == 3


def test_a_batch_reports_what_happens_in_order(job, clip):
    events = []
    first, second = job("a.mp4"), job("b.mp4", options=ClipOptions(RenderParams(None, strength=0.0), encoder="libx264"))
    run_batch([first, second], events.append)
    kinds = [event for event in events if not isinstance(event, Progressed | Notice)]
    assert kinds == [
        Started(first), Finished(first, first.output), Started(second), Finished(second, second.output),
    ]  # fmt: skip
    assert sum("model fast" in event.message for event in events if isinstance(event, Notice)) == 1
    progress = [event for event in events if isinstance(event, Progressed) and event.job == first]
    assert len(progress) == len(times(clip))
    assert progress[-1].done == progress[-1].total == pytest.approx(0.5, abs=0.05)


def test_a_batch_prints_nothing(job, capfd):
    run_batch([job()], lambda event: None)
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_made_is_found_before_any_work(job, tmp_path):
    (tmp_path / "notes.txt").write_text("these are notes")
    (tmp_path / "old.mp4").write_text("precious")
    for bad, error in (
        (job("b.mp4", tmp_path / "notes.txt"), SourceError),
        (job("old.mp4"), OutputError),
        (job("b.mp4", model=str(tmp_path)), ModelError),
    ):
        with pytest.raises(error):
            run_batch([job("a.mp4"), bad], lambda event: None)
        assert not (tmp_path / "a.mp4").exists()
    assert (tmp_path / "old.mp4").read_text() == "precious"
    with pytest.raises(InputError, match="not after --start"):
        ClipOptions(start=9, end=5)


def test_a_batch_keeps_going_if_asked(job, tmp_path):
    (tmp_path / "notes.txt").write_text("these are notes")
    bad, good, events = job("a.mp4", tmp_path / "notes.txt"), job("b.mp4"), []
    with pytest.raises(RunError, match="1 of 2 clips failed"):
        run_batch([bad, good], events.append, keep_going=True)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.job == bad
    assert "notes.txt" in str(failed.error)
    assert good.output.exists()


def test_a_batch_stopped_between_two_clips_goes_on_at_the_second(job, clip):
    stop, first, second = threading.Event(), job("a.mp4"), job("b.mp4")

    def stop_when_finished(event):
        if isinstance(event, Finished):
            stop.set()

    with pytest.raises(RunError, match=r"stopped before pattern\.mp4.*--resume"):
        run_batch([first, second], stop_when_finished, keep_going=True, stop=stop)
    assert [path.name for path in first.output.parent.iterdir()] == ["a.mp4"]
    again = [job(name, options=ClipOptions(encoder="libx264", crf=30, resume=True)) for name in ("a.mp4", "b.mp4")]
    run_batch(again, lambda event: None)
    assert times(first.output) == times(second.output) == times(clip)


def test_an_engine_of_ones_own_makes_the_jobs(job):
    """An engine for many clips is one function."""
    jobs, events = [job("a.mp4"), job("b.mp4")], []

    def backwards(jobs, on_event, stop):
        for each in reversed(jobs):
            yield Finished(each, run_job(each))

    run_batch(jobs, events.append, engine=backwards)
    assert [event.output.name for event in events] == ["b.mp4", "a.mp4"]


def test_each_network_is_opened_and_each_style_encoded_once(job):
    worker = ClipWorker()
    jobs = [job("a.mp4"), job("b.mp4"), job("c.mp4", styles=((0.0, find_style("ink")),))]
    worker.prepare(jobs)
    stylizer = worker._stylizer(jobs[0])
    assert stylizer is worker._stylizer(jobs[2])
    assert stylizer.encodes == 2


def test_an_unforeseen_error_of_one_clip_does_not_end_the_others(job, monkeypatch):
    """Whatever a library raises for a file that nobody thought of."""
    real = ClipWorker.run

    def fail(self, one, **given):
        if one.output.name == "first.mp4":
            raise KeyError("no such box")
        return real(self, one, **given)

    monkeypatch.setattr(ClipWorker, "run", fail)
    events = []
    with pytest.raises(RunError, match="1 of 2"):
        run_batch([job("first.mp4"), job("second.mp4")], events.append, keep_going=True)
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert "pattern.mp4 failed unexpectedly: KeyError" in str(failed.error)
    assert [event.job.output.name for event in events if isinstance(event, Finished)] == ["second.mp4"]
