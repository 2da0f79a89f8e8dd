"""The training commands, from the images to the shipped files, on a few images and a few steps each."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from support.pictures import photo, texture

from realtime_nst.errors import InputError
from realtime_nst.media.images import images_in, write_image
from realtime_nst.networks.fast import FastNetwork


@pytest.fixture(scope="module")
def training_data(paintings, features_file, tmp_path_factory):
    """A folder as the training commands expect it, with three images of each kind."""
    folder = tmp_path_factory.mktemp("training")
    for kind in ("paintings/named", "paintings/more", "textures", "photos/train", "features"):
        (folder / kind).mkdir(parents=True)
    for number in range(3):
        shutil.copy(paintings[number], folder / "paintings/named")
        shutil.copy(paintings[-number - 1], folder / "paintings/more")
        write_image(folder / f"textures/{number}.png", texture(256, number))
        write_image(folder / f"photos/train/{number}.png", photo(240, 272, number))
    shutil.copy(features_file, folder / "features/vgg16_imagenet_to_conv4_3_f16.npz")
    return folder


def done(command, *args):
    result = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def weights_of(run):
    from realtime_nst.training.train import load_networks

    *networks, _ = load_networks(run)
    return [np.asarray(value) for network in networks for value in network.get_weights()]


def test_the_stages_end_in_a_network_that_runs(training_data, hub_folder, tmp_path, monkeypatch):
    from realtime_nst.training import data, distill, export, plot, restore, train
    from realtime_nst.training.network import Shape

    # TensorFlow takes four times as long to trace the steps of the network that ships.
    small = partial(Shape, widths=(8, 16), blocks=(1, 1), style_widths=(8, 8, 8, 16, 16))
    monkeypatch.setattr(distill, "Shape", small)
    monkeypatch.setattr(restore, "Shape", small)
    features = training_data / "features" / "vgg16_imagenet_to_conv4_3_f16.npz"
    prepared, first, second = tmp_path / "data", tmp_path / "first", tmp_path / "second"
    done(data.main, training_data, tmp_path / "made", hub_folder, "--count", 3, "--size", 96)
    assert len(images_in(tmp_path / "made")) == 3
    done(distill.main, "codes", training_data, prepared, hub_folder, "--count", 12, "--size", 64)
    done(distill.main, "style", prepared, first, "--steps", 3, "--batch", 4)
    done(distill.main, "pairs", training_data, prepared, hub_folder, "--count", 6, "--size", 64)
    done(distill.main, "train", prepared, first, "--steps", 3, "--batch", 2)
    (tmp_path / "validation").mkdir()
    shutil.copytree(training_data / "photos" / "train", tmp_path / "validation" / "photos")
    shutil.copytree(training_data / "paintings" / "named", tmp_path / "validation" / "styles")
    done(
        distill.main,
        "train",
        prepared,
        first,
        "--start",
        first,
        "--features",
        features,
        "--steps",
        4,
        "--batch",
        2,
        "--side",
        64,
    )
    stage = (
        training_data,
        second,
        "--made",
        tmp_path / "made",
        "--features",
        features,
        "--start",
        first,
        "--batch",
        2,
        "--side",
        64,
        "--style-size",
        96,
        "--scenes",
        2,
        "--temporal",
        1,
        "--mixed",
        0.5,
        "--validation",
        tmp_path / "validation",
    )
    done(train.main, *stage, "--steps", 2)

    logged = [json.loads(line) for line in (second / "log.jsonl").read_text().splitlines()]
    assert len(logged) == 1 and {"content", "style", "temporal"} <= set(logged[0])
    assert all(np.isfinite(value) for value in logged[0].values())
    assert (second / "sheet.jpg").stat().st_size > 10_000
    before, after = weights_of(first), weights_of(second)
    assert any(not np.array_equal(one, two) for one, two in zip(before, after))

    done(train.main, *stage, "--steps", 2)  # all of it was done: nothing changes
    assert all(np.array_equal(one, two) for one, two in zip(after, weights_of(second)))

    done(plot.main, second)
    assert (second / "losses.png").stat().st_size > 5_000

    done(export.main, second, tmp_path / "weights")
    network = FastNetwork("cpu", tmp_path / "weights")
    frame = np.random.default_rng(0).integers(0, 255, (50, 70, 3), np.uint8)
    code = network.encode(frame)
    assert code.shape == (100,) and np.isfinite(code).all()
    assert network.transform(frame, code).shape == frame.shape

    done(restore.main, tmp_path / "weights", tmp_path / "restored")
    style_network, maps, _ = train.load_networks(second)
    export.balance(maps)
    exported = [*style_network.get_weights(), *maps.get_weights()]
    for shipped, trained in zip(weights_of(tmp_path / "restored"), exported, strict=True):
        assert np.allclose(shipped, trained, rtol=1e-3, atol=1e-6)


@pytest.fixture
def small_run(tmp_path):
    """A run with the weights of a small untrained network."""
    from realtime_nst.training.network import Shape, build_maps, build_style_network
    from realtime_nst.training.train import save_weights

    shape = Shape(widths=(8, 8), blocks=(1, 1))
    for network in (build_style_network(shape), build_maps(shape)):
        save_weights(tmp_path, network)
    (tmp_path / "shape.json").write_text(json.dumps(asdict(shape)))
    return tmp_path


def test_the_network_is_measured_through_jax(small_run):
    """On JAX's CPU, because no test machine has a GPU."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "realtime_nst.training.xla",
            small_run,
            "--json",
            small_run / "xla.json",
            "--size",
            "64x48",
            "--side",
            "64",
            "--megabytes",
            "1",
            "--seconds",
            "0.01",
        ],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((small_run / "xla.json").read_text())
    exact, half = found["lines"]
    assert [exact["precision"], half["precision"]] == ["float32", "mixed_bfloat16"]
    assert exact["gflop"] == half["gflop"] and half["mbytes"] < 0.6 * exact["mbytes"]
    for line in (exact, half):
        assert min(line[key] for key in ("card_ms", "answer_ms", "stream_ms", "of_product", "of_copy")) > 0
    assert exact["apart"] == 0 and 0 < half["apart"] < 5


def test_flat_pictures_are_not_trained_on():
    from realtime_nst.training.data import not_flat

    flat, barely, image = (np.random.default_rng(0).normal(90, spread, (16, 16, 3)) for spread in (0, 1, 40))
    drawn = iter([flat, barely, image, flat])
    assert not_flat(lambda: next(drawn)) is image
    with pytest.raises(InputError, match="nothing in them"):
        not_flat(lambda: flat)


def test_a_run_that_goes_on_draws_the_batches_after_those_it_had(training_data):
    from realtime_nst.training.data import Photos, Styles, style_shapes
    from realtime_nst.training.train import Batches

    rng = np.random.default_rng(0)
    images = Photos(training_data, 64, 2, rng), Styles(training_data, None, 96), style_shapes(96, 3, rng)
    whole, rest = (Batches(*images, steps=3, batch=2, mixed=0.5, seed=7, done=done) for done in (0, 2))
    third, first = [whole[index] for index in range(3)][2], rest[0]
    assert all(np.array_equal(third[0][name], first[0][name]) for name in third[0])


def test_losses_that_are_not_there_yet_are_named(tmp_path):
    from realtime_nst.training import plot

    result = CliRunner().invoke(plot.main, [str(tmp_path)])
    assert result.exit_code == 2 and "log.jsonl is not there" in result.output


def test_balanced_kernels_make_nothing_of_a_flat_field_in_bf16():
    import tensorflow as tf

    from realtime_nst.training import export
    from realtime_nst.training.network import Differences, Shape, build_maps

    maps = build_maps(Shape(widths=(8, 8), blocks=(1, 1)))
    kernels = [layer.kernel for layer in maps.layers if isinstance(layer, Differences)]
    before = [np.array(kernel - tf.reduce_mean(kernel, (0, 1), keepdims=True)) for kernel in kernels]
    export.balance(maps)
    for kernel, was in zip(kernels, before, strict=True):
        rounded = tf.cast(tf.cast(kernel, tf.bfloat16), tf.float32).numpy()
        assert np.array_equal(rounded, kernel) and not rounded.sum(axis=(0, 1)).any()
        assert np.abs(rounded - was).max() < 0.04 * np.abs(was).max()


def test_phases_are_a_smooth_enlargement():
    import cv2

    from realtime_nst.training.network import DepthToSpace, Phases

    low = np.random.default_rng(0).random((9, 12, 3), np.float32)
    large = DepthToSpace()(Phases()(np.pad(low, ((1, 1), (1, 1), (0, 0)), mode="edge")[None]))[0]
    assert np.allclose(large, cv2.resize(low, (48, 36), interpolation=cv2.INTER_LINEAR), atol=1e-5)


def test_detail_is_nothing_where_a_map_is_flat():
    from realtime_nst.training.network import Differences

    flat = np.random.default_rng(0).random((1, 1, 1, 8), np.float32)
    assert np.abs(Differences()(np.broadcast_to(flat, (1, 6, 7, 8)))).max() < 1e-6
    assert np.abs(Differences()(np.random.default_rng(0).random((1, 6, 7, 8), np.float32))).max() > 0.1


def test_quarters_are_pictures_of_their_own():
    from realtime_nst.training.train import _quarters

    maps = np.random.default_rng(0).random((2, 4, 6, 3), np.float32)
    quarters = np.asarray(_quarters(maps))
    for image, (top, left) in itertools.product(range(2), itertools.product(range(2), range(2))):
        expected = maps[image, 2 * top : 2 * top + 2, 3 * left : 3 * left + 3]
        assert np.array_equal(quarters[4 * image + 2 * top + left], expected)


def test_the_blur_removes_a_lattice_and_keeps_flat_areas():
    from keras import ops

    from realtime_nst.training.network import BinomialBlur

    rows, columns = np.indices((6, 7))
    for lattice in (rows % 2, columns % 2, (rows + columns) % 2):
        out = BinomialBlur()(lattice[None, ..., None].repeat(4, -1).astype(np.float32))
        assert np.allclose(ops.convert_to_numpy(out), 0.5)
    assert np.allclose(ops.convert_to_numpy(BinomialBlur()(np.full((1, 6, 7, 4), 3, np.float32))), 3)
