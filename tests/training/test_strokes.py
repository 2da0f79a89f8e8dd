"""The network whose style vector is its modulation: its parts, its growth from the shipped one, and its export."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner
from keras import ops
from support.pictures import photo, texture

from realtime_nst.media.images import write_image
from realtime_nst.networks.fast import WEIGHTS, FastNetwork
from realtime_nst.training import export, restore
from realtime_nst.training.network import Shape
from realtime_nst.training.strokes import grow
from realtime_nst.training.strokes.network import (
    KERNEL_UNIT,
    Seed,
    StrokeShape,
    StyledDepthwise,
    build_seeded_maps,
    load_stroke_networks,
    seed_tile,
)
from realtime_nst.training.train import load_networks


def done(command, *args):
    result = CliRunner().invoke(command, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run of what ships, and what it grew into."""
    folder = tmp_path_factory.mktemp("runs")
    done(restore.main, WEIGHTS, folder / "today")
    done(grow.main, folder / "today", folder / "grown")
    return folder


@pytest.fixture(scope="module")
def shipped(runs):
    """The grown network as the files that ship."""
    done(export.main, runs / "grown", runs / "shipped")
    return runs / "shipped"


def test_a_seed_continues_itself_on_every_side():
    tile = seed_tile(6, 23, 0.03)[0, :, :, 0]
    assert tile.shape == (138, 138) and abs(tile.mean()) < 1e-6
    assert tile.std() == pytest.approx(0.03 / 2**0.5, rel=1e-4)
    inner = np.abs(np.diff(tile, axis=0)).max()
    assert np.abs(tile[0] - tile[-1]).max() <= inner and np.abs(tile[:, 0] - tile[:, -1]).max() <= inner


def test_the_seed_is_one_and_the_same_for_every_frame_of_any_size():
    seed = Seed(8 / 255)
    large = ops.convert_to_numpy(seed(np.zeros((2, 240, 320, 3), np.float32)))
    small = ops.convert_to_numpy(seed(np.ones((1, 24, 300, 3), np.float32)))
    assert large.shape == (1, 240, 320, 1)
    assert np.array_equal(small, large[:, :24, :300])
    assert large.std() == pytest.approx(8 / 255, rel=0.1)
    # It repeats in parts, not as a whole.
    assert np.abs(large[:, :, :160] - large[:, :, 138:298]).max() > 0.01


def test_each_picture_is_convolved_with_its_own_kernels():
    rng = np.random.default_rng(0)
    maps, numbers = (rng.normal(size=size).astype(np.float32) for size in ((2, 9, 7, 4), (2, 36)))
    layer = StyledDepthwise(strides=2)
    both = ops.convert_to_numpy(layer([maps, numbers]))
    one_by_one = [ops.convert_to_numpy(layer([maps[i : i + 1], numbers[i : i + 1]]))[0] for i in range(2)]
    assert both.shape == (2, 4, 3, 4) and np.allclose(both, one_by_one, atol=1e-5)
    kernel = ops.convert_to_numpy(layer.kernel)[..., 0] + KERNEL_UNIT * numbers[1].reshape(3, 3, 4)
    assert both[1, 1, 2, 3] == pytest.approx(np.sum(maps[1, 2:5, 4:7, 3] * kernel[..., 3]), rel=1e-4)


def test_the_grown_network_makes_the_same_pictures_where_its_new_parts_are_silent(runs):
    style_network, maps, old = load_networks(runs / "today")
    predictor, seeded, shape = load_stroke_networks(runs / "grown")
    assert json.loads((runs / "grown/shape.json").read_text()) == json.loads(json.dumps(asdict(shape)))
    rng = np.random.default_rng(1)
    style, low = (ops.convert_to_tensor(rng.random(size, np.float32)) for size in ((1, 150, 200, 3), (1, 56, 64, 3)))
    vector = ops.convert_to_numpy(predictor(style))
    assert vector.shape == (1, shape.numbers) and not vector[:, shape.modulations :].any()
    vector[:, : shape.modulations] += grow.silenced(old, shape, -1.0) - grow.silenced(old, shape)
    expected = maps([low, style_network(style)])
    found = seeded([low, ops.zeros((1, 56, 64, 1)), ops.convert_to_tensor(vector)])
    for one, two in zip(found, expected):
        assert np.allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(two), atol=1e-4)


def test_old_normalizations_keep_their_places():
    old, new = Shape(), StrokeShape()
    values = np.arange(2448, dtype=np.float32)
    grown = grow.grown_modulations(old, new, values)
    assert grown.shape == (new.modulations,)
    assert np.array_equal(grown[grown != 0], values[1:])
    assert np.array_equal(grown[-48:], values[-48:])


def test_emphasis_moves_styles_from_their_mean(runs):
    predictor, _, shape = load_stroke_networks(runs / "grown")
    rng = np.random.default_rng(2)
    pictures = [rng.random((64, 64, 3), np.float32) ** power for power in (0.5, 1, 3)]

    def vectors():
        return np.concatenate([ops.convert_to_numpy(predictor(ops.convert_to_tensor(p[None]))) for p in pictures])

    before = vectors()
    grow.emphasize(predictor, pictures, 1.5)
    after, mean = vectors(), before.mean(0)
    modulations = slice(0, shape.modulations)
    assert np.allclose((after - mean)[:, modulations], 1.5 * (before - mean)[:, modulations], atol=1e-3)


def test_it_ships_as_todays_network_does(shipped):
    network = FastNetwork("cpu", shipped)
    codes = [network.encode(texture(200, seed)) for seed in range(2)]
    assert codes[0].shape == (StrokeShape().numbers,) and codes[0].dtype == np.float32
    frame = photo(120, 160)
    outputs = [network.transform(frame, code) for code in codes]
    assert outputs[0].shape == frame.shape and np.array_equal(outputs[0], network.transform(frame, codes[0]))
    assert np.abs(outputs[0].astype(int) - outputs[1]).mean() > 3
    # What the seed does: strokes on a plain wall.
    wall = np.full((160, 160, 3), 128, np.uint8)
    assert network.transform(wall, codes[0]).std(axis=(0, 1)).max() > 1


def test_a_fit_descends_through_the_files_that_ship(shipped):
    import tensorflow as tf

    from realtime_nst.networks.fast_render import tensorflow_render

    network, render = FastNetwork("cpu", shipped), tensorflow_render(shipped)
    frame, code = photo(64, 96), network.encode(texture(200))
    frames = tf.constant(np.stack([frame, frame[:, ::-1]]).astype(np.float32) / 255)
    made = 255 * np.clip(render(frames, tf.constant(code)).numpy(), 0, 1)
    assert np.abs(made[0] - network.transform(frame, code)).mean() < 1.5
    vector = tf.constant(code)
    with tf.GradientTape() as tape:
        tape.watch(vector)
        loss = tf.reduce_mean(render(frames, vector))
    gradient = np.asarray(tape.gradient(loss, vector))
    assert gradient.shape == code.shape and np.count_nonzero(gradient) > 0.9 * code.size


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="needs PyTorch: pip install torch")
def test_training_goes_on_where_it_was_stopped(runs, tmp_path, paintings, features_file):
    data = tmp_path / "data"
    for kind in ("paintings/named", "paintings/more", "paintings/wide", "textures", "photos/train"):
        (data / kind).mkdir(parents=True)
    for number in range(3):
        shutil.copy(paintings[number], data / "paintings/named")
        shutil.copy(paintings[-number - 1], data / "paintings/more")
        write_image(data / f"textures/{number}.png", texture(256, number))
        write_image(data / f"photos/train/{number}.png", photo(240, 272, number))

    def train(steps):
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "realtime_nst.training.strokes.train",
                data,
                tmp_path / "run",
                "--start",
                runs / "grown",
                "--features",
                features_file,
                "--steps",
                str(steps),
                "--side",
                "64",
                "--style-size",
                "96",
                "--first",
                "6",
                "--every",
                "1",
                "--negatives",
                "2",
                "--keep-every",
                "1",
            ],
            env=os.environ | {"KERAS_BACKEND": "torch"},
            capture_output=True,
            text=True,
        )

    first = train(1)
    assert first.returncode == 0, first.stderr
    again = train(2)
    assert "step 1 of 2" in again.stdout
    logged = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged] == [1, 2]
    assert {"content", "style", "strokes", "contrast", "luminance"} <= set(logged[0])
    predictor, seeded, shape = load_stroke_networks(tmp_path / "run")
    assert build_seeded_maps(seeded, shape) and predictor
