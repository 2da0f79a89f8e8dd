"""Optimization: L-BFGS on functions whose minimum is known, then images on a small feature network."""

import subprocess
import sys
from itertools import islice, pairwise

import numpy as np
import pytest

from realtime_nst.cli import main
from realtime_nst.errors import ModelError
from realtime_nst.media.images import read_image, write_image
from realtime_nst.nst import synthesis
from realtime_nst.nst.gradients import with_gradient
from realtime_nst.nst.lbfgs import minimize
from realtime_nst.nst.optimize import Target, descend, optimize
from realtime_nst.nst.synthesis import synthesize
from realtime_nst.nst.vgg import Vgg, from_keras, load_features

LAYERS = ("block1_conv1", "block1_conv2", "block2_conv1", "block2_conv2", "block3_conv1")


@pytest.fixture(scope="module")
def vgg():
    """A small VGG with random kernels, which takes milliseconds."""
    rng = np.random.default_rng(1)
    weights, maps = {}, 3
    for layer in LAYERS:
        weights[f"{layer}_kernel"] = rng.normal(0, (2 / (9 * maps)) ** 0.5, (3, 3, maps, 8)).astype("float32")
        weights[f"{layer}_bias"] = np.zeros(8, "float32")
        maps = 8
    return Vgg(weights)


@pytest.fixture(scope="module")
def photo():
    y, x = np.mgrid[:48, :64]
    return np.stack([4 * x, 5 * y, 255 - 2 * x - 2 * y], axis=-1).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def painting():
    rng = np.random.default_rng(2)
    return np.kron(rng.integers(0, 255, (10, 10, 3)), np.ones((6, 6, 1))).astype(np.uint8)


def quadratic(x):
    """A narrow valley with its minimum at 1, 2, 3 ..."""
    scale = np.logspace(0, 3, x.size, dtype=np.float32)
    abs_difference = x - np.arange(1, x.size + 1)
    return [float(0.5 * np.sum(scale * abs_difference**2))], (scale * abs_difference).astype(np.float32)


def test_lbfgs_finds_the_lowest_point_and_never_climbs():
    steps = list(islice(minimize(quadratic, np.zeros(10, np.float32), low=-100, high=100), 60))
    values = [values[0] for _, values in steps]
    assert all(after <= before for before, after in pairwise(values))
    assert np.allclose(steps[-1][0], np.arange(1, 11), atol=1e-2)


def test_lbfgs_ends_where_nothing_is_lower():
    lowest = np.arange(1, 11, dtype=np.float32)
    assert list(minimize(quadratic, lowest, low=-100, high=100)) == []


def test_lbfgs_stays_between_its_bounds():
    for x, _ in islice(minimize(quadratic, np.zeros(10, np.float32), low=0, high=4), 40):
        assert x.min() >= 0 and x.max() <= 4
    assert np.allclose(x, np.minimum(np.arange(1, 11), 4), atol=1e-2)


def test_gradients_agree_with_finite_differences(vgg, photo, painting):
    from keras import ops

    from realtime_nst.nst.losses import mean_gram, total_loss

    def features(image):
        return vgg(ops.convert_to_tensor(image[np.newaxis].astype("float32")), LAYERS)

    grams = {layer: mean_gram(maps) for layer, maps in features(painting[:16, :16]).items()}
    content = features(photo[:16, :16])
    weights = dict.fromkeys(LAYERS, 1 / len(LAYERS))

    def total(x):
        return [
            loss[0]
            for loss in total_loss(
                content, grams, vgg(x, LAYERS), content_layer="block2_conv2", layer_weights=weights, alpha=1, beta=1
            )
        ]

    x = np.random.default_rng(3).uniform(20, 230, (1, 16, 16, 3)).astype("float32")
    function = with_gradient(total)
    _, gradient = function(x)
    for seed in range(5):
        direction = np.random.default_rng(seed).normal(size=x.shape).astype("float32")
        up, down = (function(x + sign * 0.02 * direction)[0][0] for sign in (1, -1))
        assert np.sum(gradient * direction) == pytest.approx((up - down) / 0.04, rel=0.02)


def test_the_total_falls_at_every_size_and_both_losses_with_it(vgg, photo, painting):
    target = Target(vgg, photo, painting, alpha=1.0, beta=10.0, content_layer="block3_conv1")
    noise = np.random.default_rng(0).uniform(0, 255, photo.shape)
    states = list(descend(target, noise, [(24, 32), (48, 64)], [15, 15]))
    assert [state.step for state in states] == list(range(1, 31))
    assert {state.size for state in states} == {(24, 32), (48, 64)}
    for size in ((24, 32), (48, 64)):
        totals = [state.total for state in states if state.size == size]
        assert all(after <= before for before, after in pairwise(totals))
        assert totals[-1] < 0.7 * totals[0]
    last = states[-1]
    assert last.total == pytest.approx(last.content + 10 * last.style, rel=1e-4)
    assert last.image.shape == (48, 64, 3) and last.image.min() >= 0 and last.image.max() <= 255


def test_more_beta_makes_more_style(vgg, photo, painting):
    def last(beta):
        target = Target(vgg, photo, painting, beta=beta, content_layer="block3_conv1")
        return list(optimize(target, size=64, steps=20))[-1]

    little, much = last(1e2), last(1e6)
    assert much.style < 0.7 * little.style and much.content > little.content


@pytest.mark.parametrize("init", ["content", "noise", "style"])
def test_the_same_seed_makes_the_same_picture(vgg, photo, painting, init):
    target = Target(vgg, photo, painting, content_layer="block3_conv1")
    one, two = (list(optimize(target, size=64, steps=8, init=init, seed=5))[-1].image for _ in range(2))
    assert np.array_equal(one, two) and one.shape == (48, 64, 3)


def test_layers_that_do_not_exist_are_named_before_the_first_step(vgg, photo, painting):
    with pytest.raises(ModelError, match="block9_conv1.*block1_conv1"):
        optimize(Target(vgg, photo, painting, style_layers=["block9_conv1"]))


def test_a_synthesized_picture_has_the_style_and_another_arrangement(vgg, painting):
    from keras import ops

    from realtime_nst.nst.losses import mean_gram

    def gram(image):
        found = vgg(ops.convert_to_tensor(image[np.newaxis].astype("float32")), ["block1_conv1"])
        return np.asarray(ops.convert_to_numpy(mean_gram(found["block1_conv1"])))[0]

    made = synthesize(painting, vgg, side=64, steps=(20, 20), seed=1)
    noise = np.random.default_rng(1).normal(128, 8, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    assert made.shape == (64, 64, 3) and made.dtype == np.uint8
    abs_difference, before = (np.linalg.norm(gram(p) - gram(painting)) for p in (made, noise))
    assert abs_difference < 0.3 * before
    assert np.array_equal(made, synthesize(painting, vgg, side=64, steps=(20, 20), seed=1))


def test_features_of_keras_applications_are_the_same_network():
    import keras

    keras.utils.set_random_seed(0)
    model = keras.applications.VGG19(weights=None, include_top=False)
    ours = from_keras(model)
    assert len(ours.layers) == 16 and [len(block) for block in ours.blocks()] == [2, 2, 4, 4, 4]
    image = np.random.default_rng(0).uniform(0, 255, (1, 32, 40, 3)).astype("float32")
    found = ours(keras.ops.convert_to_tensor(image), ["block3_conv2"])["block3_conv2"]
    theirs = keras.Model(model.input, model.get_layer("block3_conv2").output)
    expected = theirs(keras.applications.vgg19.preprocess_input(image[..., ::-1].copy()))
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_without_a_connection_both_ways_are_named(monkeypatch):
    import keras

    def unreachable(**_):
        raise Exception("URL fetch failure on https://storage.invalid: None")  # what Keras raises

    monkeypatch.setattr(keras.applications, "VGG19", unreachable)
    with pytest.raises(ModelError, match="connection.*--features"):
        load_features()


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x93NUMPY"])
def test_a_file_that_holds_no_weights_is_named(tmp_path, content):
    (tmp_path / "features.npz").write_bytes(content)
    with pytest.raises(ModelError, match="features.npz"):
        load_features(tmp_path / "features.npz")


@pytest.fixture
def folder(tmp_path, vgg, photo, painting):
    write_image(tmp_path / "photo.png", photo)
    write_image(tmp_path / "painting.png", painting)
    weights = {name: np.asarray(value) for name, value in vgg._weights.items()}
    np.savez(tmp_path / "features.npz", **weights)
    return tmp_path


def run(folder, *args):
    return subprocess.run(
        [sys.executable, "-m", "realtime_nst", "optimize", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
    )


GOOD = ("photo.png", "painting.png", "--features", "features.npz", "--content-layer", "block3_conv1", "--size", "64")


def test_the_command_makes_a_picture_and_draws_its_losses(folder):
    done = run(folder, *GOOD, "-o", "out.png", "--steps", "6", "--save-every", "2", "--plot", "losses.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out.png"
    assert "content loss" in done.stderr and "in 6 steps" in done.stderr
    assert read_image(folder / "out.png").shape == (48, 64, 3)
    assert read_image(folder / "losses.png").shape[1] > 300


BAD = {
    "no photo": (["gone.png", "painting.png", "--features", "features.npz", "-o", "a.png"], "gone.png"),
    "no painting": (["photo.png", "gone.png", "--features", "features.npz", "-o", "a.png"], "gone.png"),
    "no features": (["photo.png", "painting.png", "--features", "gone.npz", "-o", "a.png"], "gone.npz"),
    "no layer": ([*GOOD, "-o", "a.png", "--layers", "conv7"], "conv7"),
    "no such kind": ([*GOOD, "-o", "a.xyz"], "a.xyz"),
    "unwritable plot": ([*GOOD, "-o", "a.png", "--plot", "no/where.png"], "no/where.png"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_2_and_leaves_nothing(folder, monkeypatch, capfd, case):
    """In this process, which has loaded what takes seconds to load."""
    args, named = BAD[case]
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["optimize", *args])
    told = capfd.readouterr().err
    assert ended.value.code == 2, told
    assert named in told and "Traceback" not in told
    assert not (folder / "a.png").exists()


def test_the_developer_s_command_synthesizes_a_style(folder, capsys):
    features, out = folder / "features.npz", folder / "out.png"
    given = [str(folder / "painting.png"), "--features", str(features), "--size", "64", "--seed", "1"]
    synthesis.main([*given, str(out)])
    printed = capsys.readouterr()
    assert printed.out.strip() == str(out) and "step 12: style" in printed.err
    assert read_image(out).shape == (64, 64, 3)
    with pytest.raises(SystemExit, match="2"):
        synthesis.main([*given, str(folder / "out.xyz")])
    assert "out.xyz" in capsys.readouterr().err


def test_texture_alone_has_the_size_of_the_painting(vgg, painting):
    """Without a content image the style image gives the proportions."""
    (state,) = optimize(Target(vgg, None, painting, content_layer="block3_conv1"), size=64, steps=1)
    assert state.image.shape == (64, 64, 3) and state.content == 0
