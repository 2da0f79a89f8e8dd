"""The thread that improves a style, with a double of the process that fits, which is a real process."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import pytest
from support import ROOT
from support.doubles import MeanColour

from realtime_nst.errors import ModelError
from realtime_nst.live.fitting import refiner as module
from realtime_nst.live.fitting.refiner import Refiner
from realtime_nst.live.style_encoder import Choice, StyleEncoder
from realtime_nst.media.images import write_image
from realtime_nst.styles.fitted import FittedStyles
from realtime_nst.styles.library import Style
from realtime_nst.stylizer import Stylizer

WORKERS = ROOT / "tests" / "support" / "fit_worker.py"
FRAME = np.full((480, 640, 3), 100, np.uint8)


class Fittable(MeanColour):
    fingerprint = "f00"

    def differentiable(self):
        return dict  # The doubles of the process do not load it.


@pytest.fixture
def processes():
    """The processes that were started."""
    return []


@pytest.fixture
def start(tmp_path, features_file, monkeypatch, processes):
    """Start a refiner with `work`; returns it, the styles, the kept vectors and what was reported."""
    monkeypatch.setattr(module, "FRAME_INTERVAL", 0.0)
    start_process = subprocess.Popen

    def kept(*arguments, **options):
        processes.append(start_process(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", kept)
    path = write_image(tmp_path / "red.png", np.full((8, 8, 3), 10, np.uint8))
    style = Style("red", path)
    store = FittedStyles("mean", "f00", folders=[tmp_path / "fitted"])
    with contextlib.ExitStack() as opened:

        def make(work, network=None, choice=None):
            network = network or Fittable()
            choice = choice or Choice("red", style.read, style)
            styles = opened.enter_context(contextlib.closing(StyleEncoder(Stylizer(network), [choice], prefetch=False)))
            refiner = opened.enter_context(
                contextlib.closing(Refiner(network, styles, store, features_file, (sys.executable, str(WORKERS), work)))
            )
            reports = []
            refiner.toggle(reports.append)
            return refiner, styles, reports

        yield make, store, style


def until(condition, refiner):
    """Offer frames until `condition` holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        refiner.offer(FRAME)
        time.sleep(0.01)


def test_a_better_vector_is_used_as_it_comes_and_kept_at_the_end(start, processes):
    make, store, style = start
    refiner, styles, reports = make("answering")
    predicted = styles.code(wait=True)
    seen = set()

    def done():
        seen.add(refiner.state)
        return len(reports) > 1

    until(done, refiner)
    assert ("red", 0.0) in seen and refiner.state is None
    assert styles.code() == pytest.approx(predicted + 100)
    assert store.vector(style) == pytest.approx(predicted + 100)
    assert reports[0] == "fitting red in the background"
    assert reports[1].startswith("red is fitted, and kept for later runs: ")
    assert processes[0].wait(30) is not None


def test_frames_are_taken_only_while_a_style_is_fitted_and_never_larger_than_needed(start):
    make, *_ = start
    refiner, _, reports = make("answering")
    until(lambda: len(reports) > 1, refiner)
    refiner.offer(FRAME)
    assert refiner._frames is None
    assert module._small(FRAME).shape == (288, 384, 3)
    assert module._small(FRAME[:100, :100]).shape == (100, 100, 3)


def test_a_second_press_stops_and_the_process_ends(start, processes):
    make, store, style = start
    refiner, _, reports = make("lasting")
    until(lambda: refiner.state == ("red", 0.01), refiner)
    refiner.toggle(reports.append)
    until(lambda: refiner.state is None, refiner)
    assert processes[0].wait(30) is not None
    assert reports[-1] == "the fit of red was stopped" and store.vector(style) is None


def test_the_end_of_the_program_ends_the_process(start, processes):
    make, *_ = start
    refiner, *_ = make("lasting")
    until(lambda: refiner.state == ("red", 0.01), refiner)
    refiner.close()
    assert processes[0].wait(30) is not None


def test_the_process_ends_when_the_program_is_killed(start, processes):
    make, *_ = start
    refiner, *_ = make("lasting")
    until(lambda: refiner.state == ("red", 0.01), refiner)
    refiner._frames.end(discard=True)  # closes the pipe, as the system does
    assert processes[0].wait(30) == 0


@pytest.mark.parametrize(("work", "words"), [("failing", "there are no weights"), ("vanishing", "ended unexpectedly")])
def test_a_fit_that_fails_is_reported_and_changes_nothing(start, work, words):
    make, *_ = start
    refiner, styles, reports = make(work)
    predicted = styles.code(wait=True)
    until(lambda: len(reports) > 1, refiner)
    assert words in reports[1] and (styles.code() == predicted).all()


def test_a_captured_style_is_fitted_until_the_end(start):
    make, *_ = start
    refiner, _, reports = make("answering", choice=Choice("captured 1", lambda: FRAME))
    until(lambda: len(reports) > 1, refiner)
    assert reports[1] == "captured 1 is fitted, until the program ends"


def test_a_network_that_cannot_be_fitted_says_which_can(start):
    make, *_ = start
    with pytest.raises(ModelError, match="use --model fast"):
        MeanColour().differentiable()
    refiner, _, reports = make("answering", network=MeanColour())
    until(lambda: bool(reports), refiner)
    assert "use --model fast" in reports[0]
