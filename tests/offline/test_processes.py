"""Clips over several processes: what they make, and what is left when one of them or all are stopped or killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import psutil
import pytest
from support.clip_files import OPTIONS, job_maker, times

from realtime_nst.errors import ModelError, RunError
from realtime_nst.offline.batch import Failed, Finished, Notice, Progressed, Started, run_batch
from realtime_nst.offline.engines import processes as engine_module
from realtime_nst.offline.engines.processes import default_workers, processes
from realtime_nst.offline.job import run_job
from realtime_nst.sources.clip import ClipSource


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Three seconds of FFmpeg's test pattern."""
    path = tmp_path_factory.mktemp("clips") / "pattern.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=96x64:rate=12:duration=3"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "libx264", path], check=True)
    return path


@pytest.fixture
def job(clip, tmp_path):
    """Make a job with the fast network at a small size."""
    return job_maker(clip, tmp_path)


def pictures(path):
    with ClipSource(path) as source:
        return [frame.image.tobytes() for frame in iter(source.read, None)]


def test_two_processes_make_what_one_makes(job):
    jobs, events = [job("a.mp4"), job("b.mp4"), job("c.mp4", options=replace(OPTIONS, end=1.0))], []
    run_batch(jobs, events.append, engine=processes(2))
    assert pictures(jobs[0].output) == pictures(jobs[1].output) == pictures(run_job(job("here.mp4")))
    assert {event.job.output.name for event in events if isinstance(event, Finished)} == {"a.mp4", "b.mp4", "c.mp4"}
    assert sum("model fast" in event.message for event in events if isinstance(event, Notice)) == 1
    assert [sum(isinstance(event, Progressed) and event.job == each for event in events) for each in jobs] == [
        36, 36, 12,
    ]  # fmt: skip
    assert multiprocessing.active_children() == []


def test_a_killed_process_is_replaced_and_its_clip_continued_once(job, clip):
    """The first clip's process is killed once, the second one's twice."""
    jobs, events, kills = [job("a.mp4"), job("b.mp4")], [], {"a.mp4": 1, "b.mp4": 2}

    def kill(event):
        events.append(event)
        if isinstance(event, Progressed) and event.done > 1 and kills[event.job.output.name]:
            kills[event.job.output.name] -= 1
            (child,) = multiprocessing.active_children()
            child.kill()
            child.join()
            events.append("killed")

    with pytest.raises(RunError, match="1 of 2 clips failed"):
        run_batch(jobs, kill, keep_going=True, engine=processes(1))
    assert times(jobs[0].output) == times(clip)
    assert [event.job.output.name for event in events if isinstance(event, Started)] == ["a.mp4"] * 2 + ["b.mp4"] * 2
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.job == jobs[1] and "was killed (SIGKILL), twice" in str(failed.error)
    run_batch([replace(jobs[1], options=replace(OPTIONS, resume=True))], events.append)
    assert times(jobs[1].output) == times(clip)


def test_a_stopped_batch_leaves_clips_that_can_be_resumed(job, clip, tmp_path):
    """A clip that fails does not stop the others; the user does, and loses nothing."""
    (tmp_path / "notes.mp4").write_text("these are notes" * 10_000)
    jobs, stop, events = [job("bad.mp4", tmp_path / "notes.mp4"), job("a.mp4"), job("b.mp4")], threading.Event(), []

    def stop_under_way(event):
        events.append(event)
        if isinstance(event, Progressed) and event.done > 0.5:
            stop.set()

    with pytest.raises(RunError, match="--resume"):
        run_batch(jobs, stop_under_way, keep_going=True, stop=stop, engine=processes(2))
    assert next(event.job for event in events if isinstance(event, Failed)) == jobs[0]
    assert not list(tmp_path.glob("[ab].mp4")) and list(tmp_path.glob("[ab].partial.mp4"))
    for each in jobs[1:]:
        run_job(replace(each, options=replace(OPTIONS, resume=True)))
        assert times(each.output) == times(clip)


def test_a_model_that_is_missing_is_found_before_any_work(job, tmp_path):
    with pytest.raises(ModelError, match="there is no model folder"):
        run_batch([job("a.mp4"), job("b.mp4", model="gone")], lambda event: None, engine=processes(2))
    assert list(tmp_path.iterdir()) == [] and multiprocessing.active_children() == []


def test_the_default_is_what_the_machine_holds(job, monkeypatch):
    jobs = [job()] * 5
    monkeypatch.setattr(engine_module, "available_cpus", lambda: 9)
    monkeypatch.setattr(engine_module, "available_memory", lambda: 64 << 30)
    assert default_workers(jobs) == 4 and default_workers(jobs[:3]) == 3
    monkeypatch.setattr(engine_module, "available_memory", lambda: 2 << 30)
    assert default_workers(jobs) == 2
    monkeypatch.setattr(engine_module, "available_memory", lambda: 0)
    assert default_workers(jobs) == 1


def test_processors_are_shared_out_without_a_rest(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 2, 3, 5, 7}, raising=False)
    assert [engine_module._share(number, 2) for number in range(2)] == [[1, 2], [3, 5, 7]]
    assert [engine_module._share(number, 7) for number in range(7)] == [[1], [1], [2], [3], [3], [5], [7]]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
@pytest.mark.parametrize("killed", [False, True])
def test_ctrl_c_and_a_killed_parent_leave_clips_that_can_be_resumed(clip, tmp_path, killed):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).symlink_to(clip)
    command = [
        *(sys.executable, "-m", "realtime_nst", "clip", "a.mp4", "b.mp4", "-o", "out", "--model", "fast"),
        *("--work-size", "640", "--size", "640x480", "--workers", "2"),
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        told = iter(child.stderr.readline, "")
        assert any(" s of 3.0 s" in line for line in told)
        workers = psutil.Process(child.pid).children()
        if killed:
            child.kill()
            assert psutil.wait_procs(workers, timeout=60)[1] == []
        else:
            os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate()
    assert child.returncode == (-signal.SIGKILL if killed else 1)
    assert "Traceback" not in errors
    assert killed or "--resume" in errors
    assert list((tmp_path / "out").glob("*.partial.mp4"))
    subprocess.run([*command, "--resume", "--workers", "1"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]
    assert times(tmp_path / "out/a.mp4") == times(tmp_path / "out/b.mp4") == times(clip)
