"""Strokes held in place: they follow the motion of the image, and new content appears at once."""

import itertools

import cv2
import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.evaluation.warping import consistent, estimate_flow, warping_error
from realtime_nst.networks.fast import FastNetwork
from realtime_nst.sources.factory import open_source
from realtime_nst.stylizer import Stylizer
from realtime_nst.temporal.consistency import TemporalConsistency
from realtime_nst.temporal.filter import TemporalFilter, deflicker_by_default


@pytest.fixture(scope="module")
def scene():
    """A wide view of the scene, 320 x 800, which a camera may pan over."""
    return cv2.resize(scene_image(), (800, 600), interpolation=cv2.INTER_AREA)[140:460]


@pytest.fixture(params=[False, True], ids=["thorough", "quick"])
def quick(request):
    return request.param


def flickering(image, rng):
    """What an unsteady network makes of a picture: coarse strokes, other ones each time."""
    strokes = cv2.resize(rng.normal(0, 25, (20, 25, 3)), image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.add(image, strokes, dtype=cv2.CV_8U)


@pytest.mark.parametrize("speed", [0, 3])
def test_strokes_go_with_the_picture(scene, speed, quick):
    rng, hold = np.random.default_rng(0), TemporalConsistency(quick=quick)
    views = [np.ascontiguousarray(scene[:, speed * k : speed * k + 640]) for k in range(30)]
    made = [flickering(view, rng) for view in views]
    shown = [hold(one, cv2.pyrDown(view)) for one, view in zip(made, views)]
    assert shown[0] is made[0]
    assert all(one.dtype == np.uint8 and one.shape == views[0].shape for one in shown)

    def unrest(images):
        """Between a place and where it is in the next frame."""
        pairs = itertools.pairwise(images)
        return np.mean([cv2.absdiff(one[:, 100:500], two[:, 100 - speed : 500 - speed]).mean() for one, two in pairs])

    assert unrest(shown) < 0.5 * unrest(made)
    # The mean over time is nearer to what a steady network would make.
    assert cv2.absdiff(shown[-1], views[-1]).mean() < 0.7 * cv2.absdiff(made[-1], views[-1]).mean()


def test_strokes_that_move_wash_each_other_out_less_where_the_search_is_quick(scene):
    left = []
    for quick in (False, True):
        rng, hold = np.random.default_rng(0), TemporalConsistency(quick=quick)
        for k in range(20):
            view = np.ascontiguousarray(scene[:, 3 * k : 3 * k + 640])
            shown = hold(flickering(view, rng), cv2.pyrDown(view))
        left.append(cv2.absdiff(shown, view)[:, 100:500].mean())
    assert left[1] > 1.15 * left[0]


def test_what_stays_is_held_where_something_moves_elsewhere(scene, quick):
    rng, hold = np.random.default_rng(0), TemporalConsistency(quick=quick)
    made, shown = [], []
    for k in range(20):
        view = np.ascontiguousarray(scene[:, :640])
        cv2.rectangle(view, (20 + 8 * k, 100), (60 + 8 * k, 220), (30, 220, 240), cv2.FILLED)
        made.append(flickering(view, rng))
        shown.append(hold(made[-1], cv2.pyrDown(view)))
    unrest = [np.mean([cv2.absdiff(*two)[:, 340:].mean() for two in itertools.pairwise(k)]) for k in (shown, made)]
    assert unrest[0] < 0.4 * unrest[1]


def test_the_flow_is_found_at_the_level_asked_for_however_little_moves(scene):
    hold = TemporalConsistency(quick=True)
    asked = hold._flow.getFinestScale()
    for k in range(8):
        view = np.ascontiguousarray(scene[:, :640])
        cv2.circle(view, (630 - 2 * k, 310), 4, (30, 220, 240), cv2.FILLED)
        hold(view, cv2.pyrDown(view))
    assert hold._flow.getFinestScale() == asked


def test_fine_lines_stay_sharp(scene, quick):
    """A steady network's strokes of one pixel survive any number of frames of a camera that pans by half pixels."""
    hold = TemporalConsistency(quick=quick)
    for k in range(30):
        shift = np.array([[1, 0, -k / 2], [0, 1, 0]], np.float32)
        view = cv2.warpAffine(scene, shift, (640, 320), flags=cv2.INTER_CUBIC)
        shown = hold(view, cv2.pyrDown(view))
    energy = [cv2.Laplacian(one, cv2.CV_32F).var() for one in (shown, view)]
    assert energy[0] > 0.78 * energy[1]


def test_what_comes_into_view_leaves_no_trace_of_what_was_there(scene, quick):
    hold = TemporalConsistency(quick=quick)
    still = np.ascontiguousarray(scene[:, :640])
    for k in range(12):
        view = still.copy()
        cv2.rectangle(view, (40 + 45 * k, 100), (120 + 45 * k, 220), (30, 220, 240), cv2.FILLED)
        shown = hold(255 - view, cv2.pyrDown(view))  # the network makes a negative
    # Inside of where it is now, and of where it was one and two frames ago.
    for left in (545, 500, 455):
        there = np.s_[115:205, left : left + 30]
        assert cv2.absdiff(shown[there], 255 - view[there]).mean() < 4


def test_a_cut_is_a_cut(scene, quick):
    hold = TemporalConsistency(quick=quick)
    before, after = np.ascontiguousarray(scene[:, :640]), np.ascontiguousarray(scene[::-1, 100:740])
    for _ in range(5):
        hold(before, cv2.pyrDown(before))
    shown = hold(after, cv2.pyrDown(after))
    assert cv2.absdiff(shown, after).mean() < 1


def test_a_frame_seen_in_another_size_begins_anew(scene):
    hold = TemporalConsistency()
    hold(scene, cv2.pyrDown(scene))
    assert hold(scene, scene) is scene


@pytest.mark.parametrize("size", [(8, 8), (16, 32), (8, 640), (640, 8), (32, 32), (40, 640), (1280, 80), (33, 47)])
def test_frames_of_any_size(size, quick):
    rng, hold = np.random.default_rng(0), TemporalConsistency(quick=quick)
    for _ in range(3):
        seen = rng.integers(0, 256, (*size, 3), np.uint8)
        shown = hold(cv2.resize(seen, None, fx=2, fy=2), seen)
    assert shown.shape == (2 * size[0], 2 * size[1], 3)


def test_another_style_is_not_held_to_the_last(scene):
    steady = TemporalFilter()
    seen = cv2.pyrDown(scene)
    one, other = np.array([1, 0, 2], np.float32), np.array([0, 1, 2], np.float32)
    for _ in range(3):
        steady.hold(scene, seen, one, 1.0)
    assert steady.hold(255 - scene, seen, other, 1.0).mean() == (255 - scene).mean()
    assert steady.hold(scene, seen, other, 0.5).mean() == scene.mean()
    # One that comes over seconds is.
    assert steady.hold(255 - scene, seen, other + 0.01, 0.5).mean() != (255 - scene).mean()


def test_cameras_of_the_usual_rates_are_deflicker_by_default():
    assert [deflicker_by_default(fps) for fps in (15, 30, 60, 120, 250)] == [True, True, True, False, False]


@pytest.mark.parametrize("kind", ["generated", pytest.param("shared", marks=pytest.mark.material)])
def test_a_person_at_a_webcam_who_moves_flickers_less_than_with_the_noise_alone_kept_out(made_clip, shared, kind):
    """Along the flow, with a network that has seen the same of every frame."""
    clip = made_clip("webcam.mkv") if kind == "generated" else shared("clips/webcam/book.mkv")
    source = open_source(str(clip), live=False)
    frames = [source.read().image for _ in range(45)][20:]
    source.close()
    stylizer = Stylizer(FastNetwork("cpu"))
    code = stylizer.encode(frames[0][:256, :256])
    steady, hold = TemporalFilter(), TemporalConsistency(quick=True)
    plain, held = [], []
    for frame in frames:
        seen = steady.denoise(stylizer.network.prepare(frame, frame.shape[:2]))
        plain.append(stylizer.network.begin(seen, code, frame)())
        held.append(hold(plain[-1], seen))

    def flicker(made):
        errors = []
        for k in range(5, 24, 6):
            flow = estimate_flow(frames[k], frames[k + 1])
            visible = consistent(flow, estimate_flow(frames[k + 1], frames[k]))
            errors.append(warping_error(made[k], made[k + 1], flow, visible))
        return np.mean(errors)

    assert flicker(held) < 0.8 * flicker(plain)
