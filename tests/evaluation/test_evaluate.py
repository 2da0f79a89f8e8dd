"""Quality metrics: each formula on arrays with a known result, and small runs on real models."""

import json
import shutil

import cv2
import numpy as np
import pytest
from support.pictures import save_frames_with_flow, save_lpips

from realtime_nst.errors import InputError, ModelError, SourceError
from realtime_nst.evaluation.evaluate import cover, evaluate
from realtime_nst.evaluation.frame_pairs import frame_pairs
from realtime_nst.evaluation.metrics import ModelFigures, content_error, style_error
from realtime_nst.evaluation.warping import consistent, estimate_flow, read_flow, warping_error
from realtime_nst.media.images import read_image
from realtime_nst.sources.factory import open_source


def test_errors_are_relative():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 3, (1, 8, 8, 4))
    assert content_error(features, features) == 0
    assert content_error(features, np.full_like(features, features.mean())) == pytest.approx(1)
    grams = [np.eye(3), 5 * np.eye(2)]
    assert style_error(grams, grams) == 0
    assert style_error(grams, [0 * g for g in grams]) == pytest.approx(1)
    assert style_error(grams, [2 * grams[0], grams[1]]) == pytest.approx(0.5)


def test_a_models_figures_follow_from_its_pairs():
    figures = ModelFigures("model")
    for name, content, error, untouched in (("a", 1.0, 0.2, 0.4), ("b", 2.0, 0.5, 8.0), ("c", 6.0, 0.2, 1.6)):
        figures.add(name, "p", content, error, untouched)
    figures.summarize()
    assert (figures.content_error, figures.style_error) == pytest.approx((3.0, 0.3))
    assert figures.style_captured == pytest.approx(1 - 0.9 / 10)
    assert figures.medians == pytest.approx({"content_error": 2.0, "style_error": 0.2, "style_captured": 0.875})
    assert {name: pair["photo"] for name, pair in figures.worst.items()} == {
        "content_error": "c",
        "style_error": "b",
        "style_captured": "a",
    }
    assert "warping_error" not in figures.as_dict()


def test_retrieval_is_the_share_of_first_ranks():
    figures = ModelFigures("model")
    for name, rank, lpips in (("a", 1, 0.2), ("b", 7, 0.6), ("c", 1, 0.1), ("d", 2, 0.3)):
        figures.add(name, "p", 1.0, 0.2, 0.4, rank, lpips)
    figures.summarize()
    assert figures.stroke_retrieval == 0.5 and figures.lpips == pytest.approx(0.3)
    assert figures.medians["stroke_rank"] == 1.5 and figures.medians["lpips"] == pytest.approx(0.25)
    assert figures.worst["stroke_rank"]["photo"] == figures.worst["lpips"]["photo"] == "b"


def test_strokes_and_looks_are_measured_between_two_ends(photo_file, paintings, features_file, tmp_path):
    (tmp_path / "gallery").mkdir()
    for painting in paintings[1:4]:
        shutil.copy(painting, tmp_path / "gallery")
    figures, photo, painting = evaluate(
        ["fast"],
        photo_file,
        paintings[0],
        features_file,
        size=96,
        gallery=tmp_path / "gallery",
        lpips=save_lpips(tmp_path / "lpips.npz"),
        device="cpu",
    )
    assert figures.pairs[0].get("stroke_rank") in (1, 2, 3, 4)
    assert (photo.model, photo.content_error, photo.lpips, photo.style_captured) == ("the photo as it is", 0, 0, 0)
    assert (painting.model, painting.stroke_retrieval) == ("the painting as it is", 1)
    assert 0 < (figures.lpips or 0) < (painting.lpips or 0)
    assert painting.style_error < figures.style_error < photo.style_error


def test_what_cannot_be_measured_is_refused_before_anything_is(photo_file, paintings, features_file, tmp_path):
    lpips = save_lpips(tmp_path / "lpips.npz")
    arguments = (["no-model"], photo_file, paintings[0], features_file)
    with pytest.raises(InputError, match="at least two paintings"):
        evaluate(*arguments, gallery=paintings[0])
    with pytest.raises(InputError, match="photo is measured at 80x56: give a larger --size"):
        evaluate(*arguments, size=80, lpips=lpips)
    with pytest.raises(ModelError, match="cannot read the LPIPS weights"):
        evaluate(*arguments, lpips=features_file)


def test_a_painting_that_covers_a_photo_is_not_distorted():
    image = np.zeros((40, 100, 3), np.uint8)
    image[:, 40:60] = 255
    covering = cover(image, (80, 80))
    assert covering.shape == (80, 80, 3)
    assert (covering[:, 30:50] > 200).all() and (covering[:, [5, 75]] == 0).all()


def test_a_moved_picture_has_no_warping_error_along_its_flow():
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 255, (80, 100, 3), np.uint8), (0, 0), 2)
    moved = np.roll(image, (2, 5), axis=(0, 1))
    flow = np.broadcast_to(np.array([5, 2], np.float32), (80, 100, 2)).copy()
    visible = np.ones((80, 100), bool)
    assert warping_error(image, moved, flow, visible) == pytest.approx(0, abs=1e-6)
    assert warping_error(image, moved, 0 * flow, visible) > 10
    assert warping_error(image, np.clip(moved.astype(int) + 3, 0, 255).astype(np.uint8), flow, visible) < 9.01


@pytest.mark.parametrize("kind", ["generated", pytest.param("sintel", marks=pytest.mark.material)])
def test_true_flow_explains_what_moves(shared, tmp_path, kind):
    """Frames with true flow, as MPI Sintel has them."""
    if kind == "generated":
        for name, step in (("right", (6, 2)), ("up", (-3, -7)), ("down", (0, 4))):
            save_frames_with_flow(tmp_path / name, step)
    pairs = list(frame_pairs(tmp_path if kind == "generated" else shared("sintel")))
    assert len(pairs) == 3
    for one, two, flow, visible, passed in pairs:
        assert passed is None
        assert one.shape == two.shape and flow.shape[:2] == visible.shape == one.shape[:2]
        still = warping_error(one, two, 0 * flow, visible)
        assert warping_error(one, two, flow, visible) < (0.01 if kind == "generated" else 0.5 * still) < still
        estimated = estimate_flow(one, two)
        agreeing = consistent(estimated, estimate_flow(two, one))
        assert agreeing.mean() > 0.3
        assert not agreeing.all() or kind == "generated"  # there, nothing hides anything


def test_every_frame_of_a_clip_is_passed_on(made_clip, tmp_path):
    for name in ("uneven.mkv", "plain.mp4", "h264_10bit.mp4"):
        shutil.copy(made_clip(name), tmp_path)
    pairs = list(frame_pairs(tmp_path))
    source = open_source(str(tmp_path / "h264_10bit.mp4"), live=False)
    frames = iter(source.read, None)
    for number, pair in enumerate(pairs[:3]):
        assert (pair.passed is None) == (number == 0) and len(pair.passed or []) == (8 if number else 0)
        for image in (*(pair.passed or []), pair.one, pair.two):
            np.testing.assert_array_equal(image, next(frames).image)
    source.close()
    assert sum(pair.passed is None for pair in pairs) == 3


def test_a_webcam_flickers_less_in_a_run_than_frame_by_frame(made_clip, photo_file, paintings, features_file, tmp_path):
    (tmp_path / "clips").mkdir()
    shutil.copy(made_clip("webcam.mkv"), tmp_path / "clips")
    (figures,) = evaluate(
        ["fast"], photo_file, paintings[0], features_file, size=96, clips=tmp_path / "clips", device="cpu"
    )
    assert figures.warping_error
    assert (figures.input_warping_error or 0) < (figures.steady_warping_error or 0) < 0.5 * figures.warping_error


def test_no_flow_file_and_no_clips_are_errors(tmp_path):
    (tmp_path / "a.flo").write_bytes(b"not a flow at all")
    with pytest.raises(SourceError, match="not an optical flow"):
        read_flow(tmp_path / "a.flo")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="neither video files"):
        list(frame_pairs(tmp_path / "empty"))


def test_figures_are_written_and_pictures_shown(
    hub_folder, hub_network, photo_file, paintings, features_file, tmp_path
):
    figures, coarse = evaluate(
        [str(hub_folder)],
        photo_file,
        paintings[0],
        features_file,
        size=192,
        processing_sizes=[None, 96],
        device="cpu",
        json_file=tmp_path / "f.json",
        sheet=tmp_path / "s.png",
    )
    assert coarse.model == f"{figures.model} at 96" and coarse.content_error != figures.content_error
    written = json.loads((tmp_path / "f.json").read_text())["models"][0]
    assert written["style_error"] == figures.style_error == figures.pairs[0]["style_error"]
    assert written["pairs"][0]["photo"] == written["worst"]["style_error"]["photo"] == "photo"
    assert not [key for key in written if "warping" in key]
    assert read_image(tmp_path / "s.png").size > 1000


@pytest.mark.material
def test_magenta_s_weights_keep_content_and_capture_style(shared, magenta_folder):
    (figures,) = evaluate(
        [str(magenta_folder)],
        shared("photos/test/astronaut.png"),
        shared("paintings/named/van_gogh_starry_night.jpg"),
        shared("features/vgg16_imagenet_to_conv4_3_f16.npz"),
        size=192,
        device="cpu",
    )
    assert 0.5 < figures.content_error < 2 and 0.7 < figures.style_captured < 1
