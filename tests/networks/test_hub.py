"""The hub model: its split, its runtimes, and SavedModels of other kinds."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.pictures import photo

from realtime_nst._isolated import run_isolated
from realtime_nst.errors import ModelError, RunError
from realtime_nst.media.images import read_image
from realtime_nst.networks import hub_conversion
from realtime_nst.networks.hub import HubNetwork
from realtime_nst.networks.hub_conversion import converted
from realtime_nst.networks.hub_parts import OpenVinoParts, TensorFlowParts
from realtime_nst.networks.hub_split import graph_function, load_module, split, style_input
from realtime_nst.networks.registry import open_network
from realtime_nst.networks.runtimes.precision import half_convolutions


@pytest.fixture(scope="module")
def images(paintings):
    return photo(203, 310), read_image(paintings[0])


@pytest.fixture(scope="module", params=["generated", pytest.param("Magenta's", marks=pytest.mark.material)])
def folder(request):
    """A module with the hub's interface: with random weights, and with Magenta's."""
    return request.getfixturevalue("hub_folder" if request.param == "generated" else "magenta_folder")


@pytest.fixture(scope="module")
def network(folder):
    return HubNetwork(folder, "cpu")


@pytest.fixture(scope="module")
def module(folder):
    return load_module(folder)


@pytest.fixture(scope="module")
def parts(module):
    return split(module)


@pytest.fixture(scope="module")
def whole(module, images):
    """The output of the whole module, called as its documentation says: uint8 BGR."""
    import tensorflow as tf

    photo, painting = images
    rgb = tf.constant(photo[np.newaxis, :, :, ::-1].astype(np.float32) / 255)
    out = module.signatures["serving_default"](placeholder=rgb, placeholder_1=tf.constant(style_input(painting)))
    out = out["output_0"].numpy()[0, : photo.shape[0], : photo.shape[1]]
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)[:, :, ::-1]


def test_the_split_agrees_with_the_whole(module, parts, images, paintings):
    import tensorflow as tf

    assert parts.whole_because == "" and parts.code_shape[-1] == 100
    encode = graph_function(parts.encode, [parts.style], parts.code)
    transform = graph_function(parts.transform, [parts.frame, parts.code], parts.output)
    photo = images[0][np.newaxis, :192, :256, ::-1].astype(np.float32) / 255
    for painting in paintings[3:5]:
        style = tf.constant(style_input(read_image(painting)))
        abs_difference = transform(tf.constant(photo), encode(style))
        together = module.signatures["serving_default"](placeholder=tf.constant(photo), placeholder_1=style)
        assert np.abs(abs_difference - together["output_0"]).max() < 1e-4


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow", "XLA"])
def test_frames_are_what_the_whole_module_makes(folder, network, parts, images, whole, runtime):
    """Colours, rounding and cropping around the network, for a frame whose sides are odd.

    "XLA" is the GPU's code, run on the CPU because the machines that run these tests have no GPU.
    """
    photo, painting = images
    if runtime == "openvino":
        run = OpenVinoParts(converted(folder))
        stylize = run.compile(photo.shape[:2], "f32")
    else:
        run = TensorFlowParts(parts, "/CPU:0", "CPU", xla=runtime == "XLA")
        stylize = run.compile(photo.shape[:2])
    out = stylize(photo, run.encode(painting))()
    assert out.dtype == np.uint8 and out.shape == photo.shape and out.flags.c_contiguous
    assert np.abs(out.astype(int) - whole).max() <= 1
    # bf16, which OpenVINO uses where the processor has it, moves single values by up to a tenth of the range.
    assert np.abs(network.transform(photo, network.encode(painting)).astype(int) - whole).mean() < 1.5


def test_convolutions_in_half_precision_move_no_pixel_that_is_seen(parts, images, whole):
    """The graph for GPUs, run on the CPU."""
    import tensorflow as tf

    photo, painting = images
    graph = half_convolutions(parts.transform)
    convolutions = [node for node in graph.node if node.op == "Conv2D"]
    assert len(convolutions) > 10 and all(node.attr["T"].type == tf.float16.as_datatype_enum for node in convolutions)
    run = TensorFlowParts(replace(parts, transform=graph), "/CPU:0", "CPU")
    out = run.compile(photo.shape[:2])(photo, run.encode(painting))()
    assert 0 < np.abs(out.astype(int) - whole).mean() < 0.3


def test_tensorflow_takes_over_with_a_word_where_openvino_cannot(folder, images, whole, monkeypatch):
    def refuse(folder, frames_in_flight):
        raise RuntimeError("this processor is not supported")

    monkeypatch.setattr("realtime_nst.networks.hub.OpenVinoParts", refuse)
    network = HubNetwork(folder, "cpu")
    assert "TensorFlow" in network.runtime
    assert any("this processor is not supported" in notice for notice in network.notices)
    photo, painting = images
    assert np.abs(network.transform(photo, network.encode(painting)).astype(int) - whole).mean() < 1.5


def test_every_size_works_and_frames_do_not_share_memory(hub_network, images):
    photo, painting = images
    code = hub_network.encode(painting)
    assert code.dtype == np.float32 and code.shape == (100,)
    first = hub_network.transform(photo, code)
    kept = first.copy()
    assert hub_network.transform(photo[:64, :97].copy(), code).shape == (64, 97, 3)
    hub_network.transform(255 - photo, code)
    assert np.array_equal(first, kept)
    assert np.array_equal(hub_network.transform(photo, code), kept)


def test_the_next_start_does_not_load_tensorflow(hub_folder, hub_network, images):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, numpy as np; from realtime_nst.networks.registry import open_network\n"
            "n = open_network(sys.argv[1], 'cpu'); p = np.zeros((64, 64, 3), np.uint8); n.transform(p, n.encode(p))\n"
            "print('tensorflow' in sys.modules, n.runtime)",
            hub_folder,
        ],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("False OpenVINO")


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (300, 5)])
def test_the_smallest_pictures_work(hub_network, size):
    code = hub_network.encode(np.full((1, 3, 3), 90, np.uint8))
    assert hub_network.transform(np.full((*size, 3), 200, np.uint8), code).shape == (*size, 3)


def test_blends_of_codes_are_styles(hub_network, images):
    """The image halfway between two codes differs from both: arithmetic on codes is meaningful."""
    photo, painting = images
    a, b = hub_network.encode(painting), hub_network.encode(photo)
    near, half, far = (hub_network.transform(photo, a + t * (b - a)).astype(int) for t in (0, 0.5, 1))
    assert np.abs(half - near).mean() < np.abs(far - near).mean()
    assert np.abs(half - far).mean() < np.abs(far - near).mean()


def test_a_conversion_that_computes_wrongly_is_an_error(hub_folder, tmp_path, monkeypatch):
    compile_right = OpenVinoParts.compile

    def compile_wrong(parts, size):
        stylize = compile_right(parts, size)
        return lambda image, code: lambda: stylize(image, code)()[:, :, ::-1]

    monkeypatch.setattr(OpenVinoParts, "compile", compile_wrong)
    with pytest.raises(RuntimeError, match="differ from TensorFlow's"):
        hub_conversion.make(str(hub_folder), str(tmp_path))


@pytest.fixture
def prepared(hub_folder, hub_network, tmp_path, monkeypatch):
    """A cache of its own whose converted model the test may damage; converting is copying."""
    good = converted(hub_folder)
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path))

    def copy(function, folder, target, *, name):
        shutil.copytree(good, target, dirs_exist_ok=True)

    monkeypatch.setattr(hub_conversion, "run_isolated", copy)
    return converted(hub_folder)


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)


def replace_by_file(entry):
    shutil.rmtree(entry)
    entry.write_text("x")


DAMAGES = {
    "a flipped byte of weights": lambda entry: flip(entry / "transform.bin"),
    "weights cut off": lambda entry: os.truncate(entry / "transform.bin", 1000),
    "no weights": lambda entry: (entry / "encode.bin").unlink(),
    "an empty graph": lambda entry: (entry / "transform.xml").write_text(""),
    "no graph": lambda entry: (entry / "encode.xml").unlink(),
    "another graph": lambda entry: shutil.copy(entry / "encode.xml", entry / "transform.xml"),
    "no names": lambda entry: (entry / "parts.json").unlink(),
    "names that are no JSON": lambda entry: (entry / "parts.json").write_bytes(b"{\xff"),
    "other names": lambda entry: (entry / "parts.json").write_text("{}"),
    "no checksums": lambda entry: (entry / "sums.json").unlink(),
    "nothing": lambda entry: [file.unlink() for file in entry.iterdir()],
    "a file instead of a folder": replace_by_file,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_repaired_and_said(prepared, hub_folder, damage):
    DAMAGES[damage](prepared)
    told = []
    assert converted(hub_folder, told.append) == prepared and hub_conversion.is_intact(prepared)
    assert [line for line in told if f"{prepared} is damaged: it is made again" in line] and "Preparing" in told[-1]
    told.clear()
    assert converted(hub_folder, told.append) == prepared and told == []


def test_a_model_folder_is_said_to_be_a_program_at_its_first_use_only(prepared, hub_folder, monkeypatch):
    told = []
    shutil.rmtree(prepared)
    converted(hub_folder, told.append)
    assert not [line for line in told if "for the first time" in line]
    monkeypatch.setenv("REALTIME_NST_CACHE", str(prepared / "another"))
    converted(hub_folder, told.append)
    (first,) = [line for line in told if "for the first time" in line]
    assert str(hub_folder) in first and "use only those of people whom you trust" in first


def test_a_cache_that_cannot_be_written_is_an_error(hub_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="REALTIME_NST_CACHE"):
        HubNetwork(hub_folder, "cpu")


def test_an_unknown_model_suggests_the_nearest():
    with pytest.raises(ModelError, match="Did you mean fast"):
        open_network("fsat", "cpu")


def save(folder, function, *names):
    """Save a SavedModel of `function` with inputs of the given names."""
    import tensorflow as tf

    signature = tf.function(
        lambda **inputs: {"output_0": function(*(inputs[name] for name in names))}, input_signature=None
    ).get_concrete_function(**{name: tf.TensorSpec([None, None, None, 3], name=name) for name in names})
    holder = tf.Module()
    tf.saved_model.save(holder, str(folder), signatures=signature)
    return folder


def test_a_module_that_cannot_be_split_runs_whole_and_says_so(tmp_path, in_this_process):
    import tensorflow as tf

    def entangled(content, style):
        """The style enters on two paths, one of them as large as the style image itself."""
        mean = tf.reduce_mean(style, axis=(1, 2), keepdims=True)
        return content * mean + 0.1 * tf.image.resize(style, tf.shape(content)[1:3])

    network = HubNetwork(save(tmp_path / "module", entangled, "placeholder", "placeholder_1"), "cpu")
    assert any("could not be split" in notice for notice in network.notices)
    frame = np.full((32, 48, 3), 200, np.uint8)
    style = np.full((300, 300, 3), 100, np.uint8)
    expected = 255 * (200 / 255 * 100 / 255 + 0.1 * 100 / 255)
    assert np.abs(network.transform(frame, network.encode(style)).astype(float) - expected).max() < 2.5


def test_a_saved_model_of_another_kind_names_what_it_has(tmp_path, in_this_process):
    folder = save(tmp_path / "module", lambda image: image, "image")
    with pytest.raises(ModelError, match="image.*placeholder"):
        open_network(str(folder), "cpu")


def test_a_damaged_saved_model_is_an_error(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01damaged")
    with pytest.raises(ModelError, match="cannot load|another kind"):
        open_network(str(tmp_path), "cpu")


def code_of_two(content, style):
    import tensorflow as tf

    return content * tf.reduce_mean(style, axis=(1, 2), keepdims=True)


def not_finite_in_the_dark(content, style):
    import tensorflow as tf

    return code_of_two(content, style) / tf.reduce_max(content)


def always_infinite(content, style):
    return code_of_two(content, style) / 0


def python(content, style):
    import tensorflow as tf

    return tf.py_function(lambda a, b: a * b, [content, tf.reduce_mean(style)], tf.float32)


def small(content, style):
    return code_of_two(content, style)[:, ::2]


@pytest.fixture
def in_this_process(monkeypatch):
    """Convert models in this process, which has loaded TensorFlow."""
    monkeypatch.setattr(
        hub_conversion, "run_isolated", lambda function, folder, target, name: hub_conversion.make(folder, target)
    )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (always_infinite, "does not work: it computes NaN or infinite values instead of an image"),
        (small, r"does not work: of an image of 96x64 it makes an array of shape \[1, 32, 96, 3\]"),
    ],
)
def test_a_module_that_does_not_work_is_refused_in_one_sentence(tmp_path, function, words, in_this_process):
    folder = save(tmp_path / "module", function, "placeholder", "placeholder_1")
    with pytest.raises(ModelError, match=words) as refused:
        HubNetwork(folder, "cpu")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_a_module_that_calls_python_is_refused_in_one_sentence(tmp_path):
    """Its function exists only in the process that saved it, so it is tried in another one, as users have it."""
    folder = save(tmp_path / "module", python, "placeholder", "placeholder_1")
    with pytest.raises(ModelError, match="does not work: ") as refused:
        HubNetwork(folder, "cpu")
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("runtime", ["OpenVINO", "TensorFlow"])
def test_an_image_of_nan_is_an_error(tmp_path, runtime, in_this_process):
    folder = save(tmp_path / "module", not_finite_in_the_dark, "placeholder", "placeholder_1")
    if runtime == "OpenVINO":
        parts = OpenVinoParts(converted(folder))
    else:
        parts = TensorFlowParts(split(load_module(folder)), "/CPU:0", "CPU")
    stylize = parts.compile((32, 48))
    code = parts.encode(np.full((300, 300, 3), 100, np.uint8))
    assert stylize(np.full((32, 48, 3), 200, np.uint8), code)().mean() == pytest.approx(100, abs=2)
    with pytest.raises(RunError, match="the model computed NaN or infinite values instead of an image"):
        stylize(np.zeros((32, 48, 3), np.uint8), code)()


def test_a_model_that_takes_for_ever_is_given_up(hub_folder):
    with pytest.raises(ModelError, match="a.tar.gz does not work: it was not ready after 1 s"):
        run_isolated("networks.hub_split:check_module", str(hub_folder), name="a.tar.gz", seconds=1)


def test_a_model_that_takes_all_memory_is_given_up(hub_folder):
    with pytest.raises((ModelError, RuntimeError)):
        run_isolated("networks.hub_split:check_module", str(hub_folder), name="a.tar.gz", memory=100 << 20)
