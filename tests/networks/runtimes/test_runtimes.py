"""Runtimes and the cache, tested with networks whose output is known."""

import os
import threading

import numpy as np
import pytest

from realtime_nst.networks.runtimes.base import BySize
from realtime_nst.networks.runtimes.cache import load, store
from realtime_nst.networks.runtimes.openvino import openvino_stylize
from realtime_nst.networks.runtimes.tensorflow import tensorflow_stylize, xla_notices


def known(rgb, code):
    """Compute what the networks below compute: each channel times its number in the code, red plus 0.3 of green."""
    out = rgb * code
    out[..., 0] += 0.3 * rgb[..., 1]
    return out


def openvino_network(layout, folder):
    """Write the file of a network that computes `known`."""
    import openvino
    from openvino import opset13 as ops

    axes, channel = ([1, 3, 1, 1], 1) if layout == "NCHW" else ([1, 1, 1, 3], 3)
    shape = [1, 3, -1, -1] if layout == "NCHW" else [1, -1, -1, 3]
    frame, code = ops.parameter(shape, np.float32), ops.parameter([1, 3], np.float32)
    frame.output(0).set_names({"frame"})
    code.output(0).set_names({"code"})
    green = ops.gather(frame, np.array([1]), np.array(channel))
    to_red = np.array([0.3, 0, 0], np.float32).reshape(axes)
    out = ops.add(ops.multiply(frame, ops.reshape(code, axes, False)), ops.multiply(green, to_red))
    # One row and one column too many, like a network that rounds sizes up.
    ends = [0, 0, 1, 1] if layout == "NCHW" else [0, 1, 1, 0]
    out = ops.pad(out, [0, 0, 0, 0], ends, "edge")
    file = folder / "known.xml"
    model = openvino.Model([ops.result(out)], [frame, code], "known")  # pyright: ignore[reportGeneralTypeIssues]
    openvino.save_model(model, file, compress_to_fp16=False)
    return file


def stylize_with(runtime, size, folder):
    if runtime in ("TensorFlow", "XLA"):
        import tensorflow as tf

        def network(rgb, code):
            red = tf.constant([0.3, 0, 0]) * rgb[..., 1:2]
            return tf.pad(rgb * code + red, [(0, 0), (0, 1), (0, 1), (0, 0)], constant_values=9.0)

        begin = tensorflow_stylize(network, size, (1, 3), "/CPU:0", xla=runtime == "XLA")
        return lambda image, code: begin(image, code)()
    layout = runtime.split()[1]
    begin = openvino_stylize(
        openvino_network(layout, folder), size, "frame", "code", (1, 3), layout=layout, precision="f32", threads=1
    )
    return lambda image, code: begin(image, code)()


@pytest.mark.parametrize("runtime", ["OpenVINO NHWC", "OpenVINO NCHW", "TensorFlow", "XLA"])
def test_pictures_go_in_and_come_out_as_the_network_sees_them(runtime, tmp_path):
    image = np.random.default_rng(1).integers(0, 256, (23, 40, 3), np.uint8)
    code = np.array([0.5, 0.9, 1.5], np.float32)
    stylize = stylize_with(runtime, (23, 40), tmp_path)
    out = stylize(image, code)
    expected = np.clip(known(image[:, :, ::-1] / 255, code), 0, 1)[:, :, ::-1] * 255
    assert out.dtype == np.uint8 and out.shape == image.shape and out.flags.c_contiguous
    assert np.abs(out - expected).max() < 0.51  # rounded, not truncated
    kept = out.copy()
    stylize(255 - image, code)
    assert np.array_equal(out, kept), "a picture given out must not change with the next"


@pytest.mark.parametrize("runtime", ["OpenVINO NHWC", "TensorFlow"])
def test_a_picture_that_is_a_view_is_read_right(runtime, tmp_path):
    """A mirrored or cropped frame may not be contiguous in memory."""
    wide = np.random.default_rng(2).integers(0, 256, (16, 60, 3), np.uint8)
    view = wide[:, 50:10:-1]
    stylize = stylize_with(runtime, view.shape[:2], tmp_path)
    code = np.ones(3, np.float32)
    assert np.array_equal(stylize(view, code), stylize(np.ascontiguousarray(view), code))


@pytest.mark.parametrize(("frames_in_flight", "at_once"), [(0, 2), (2, 3)])
def test_several_frames_are_on_their_way_and_each_gets_its_own(frames_in_flight, at_once, tmp_path):
    begin = openvino_stylize(
        openvino_network("NHWC", tmp_path),
        (48, 64),
        "frame",
        "code",
        (1, 3),
        precision="f32",
        frames_in_flight=frames_in_flight,
    )
    rng = np.random.default_rng(4)
    for _ in range(5):
        images = [rng.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(at_once)]
        codes = [rng.uniform(0.3, 1, 3).astype(np.float32) for _ in images]
        ends = [begin(image, code) for image, code in zip(images, codes)]
        for end, image, code in zip(ends, images, codes):
            expected = np.clip(known(image[:, :, ::-1] / 255, code), 0, 1)[:, :, ::-1] * 255
            assert np.abs(end() - expected).max() < 0.51


@pytest.mark.parametrize("frames_in_flight", [0, 2])
def test_frames_that_nobody_takes_make_room_for_others(frames_in_flight, tmp_path):
    begin = openvino_stylize(
        openvino_network("NHWC", tmp_path), (16, 24), "frame", "code", (1, 3), frames_in_flight=frames_in_flight
    )
    image, code = np.full((16, 24, 3), 100, np.uint8), np.ones(3, np.float32)
    for _ in range(8):
        begin(image, code)
    assert begin(image, code)()[0, 0, 0] == 100


def test_a_frame_that_is_refused_takes_no_place(tmp_path):
    begin = openvino_stylize(openvino_network("NHWC", tmp_path), (16, 24), "frame", "code", (1, 3), frames_in_flight=2)
    good, *bad = (np.zeros(shape, np.uint8) for shape in [(16, 24, 3), (15, 24, 3), (1, 24, 3), (16, 24, 1), (16, 24)])
    for each in bad:
        with pytest.raises(RuntimeError):
            begin(each, np.ones(3, np.float32))()
    assert begin(good, np.ones(3, np.float32))().shape == good.shape


def test_where_xla_cannot_compile_the_user_is_told(monkeypatch):
    """The failure stands in for a GPU whose CUDA lacks parts: the machines that run these tests have no GPU."""
    import tensorflow as tf

    assert xla_notices("/CPU:0") == ()

    def function(*args, **kwargs):
        raise tf.errors.InternalError(None, None, "libdevice not found at ./libdevice.10.bc")

    monkeypatch.setattr(tf, "function", function)
    (notice,) = xla_notices("/GPU:0")
    assert "XLA cannot compile" in notice and "libdevice not found" in notice and "slower" in notice


def test_a_new_size_is_compiled_while_frames_of_the_old_one_go_on():
    asked, ready, compiled = threading.Event(), threading.Event(), []

    def compile(size):
        if compiled:
            asked.set()
            assert ready.wait(30)
        compiled.append(size)
        return lambda image, code: size

    by_size = BySize(compile)
    assert by_size[10, 10](None, None) == (10, 10)
    other = threading.Thread(target=lambda: by_size[20, 20])
    other.start()
    assert asked.wait(30)
    assert by_size[10, 10](None, None) == (10, 10), "it waits for the new size"
    ready.set()
    other.join()
    assert by_size.newest == (20, 20) and by_size[10, 10] and compiled == [(10, 10), (20, 20)]
    by_size[30, 30]
    by_size[20, 20]
    assert compiled == [(10, 10), (20, 20), (30, 30)], "the last two stay"


class TestCompiledModels:
    @pytest.fixture
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path / "cache"))
        return tmp_path / "cache" / "compiled"

    @pytest.fixture
    def network(self, tmp_path):
        return openvino_network("NHWC", tmp_path)

    def make(self, network, size=(16, 24), **options):
        image = np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
        stylize = openvino_stylize(network, size, "frame", "code", (1, 3), **({"precision": "f32"} | options))
        return stylize(image, np.array([0.5, 0.9, 1.5], np.float32))()

    def test_the_second_time_it_comes_from_the_cache_and_is_the_same(self, network, cache):
        first = self.make(network)
        (kept,) = cache.iterdir()
        before = kept.read_bytes()
        os.utime(kept, (1, 1))
        assert np.array_equal(self.make(network), first)
        assert [*cache.iterdir()] == [kept] and kept.read_bytes() == before
        assert kept.stat().st_mtime > 1, "it was not used"

    def test_another_size_option_or_model_is_another_entry(self, network, cache):
        self.make(network)
        self.make(network, size=(16, 32))
        self.make(network, threads=1)
        weights = network.with_suffix(".bin")
        weights.write_bytes(weights.read_bytes().replace(np.float32(0.3).tobytes(), np.float32(0.2).tobytes()))
        redder = self.make(network)
        assert len([*cache.iterdir()]) == 4
        assert redder[..., 2].mean() < self.make(openvino_network("NHWC", network.parent))[..., 2].mean() - 5

    @pytest.mark.parametrize("harm", [lambda data: data[:-100], lambda data: b"", lambda data: bytes(len(data))])
    def test_a_damaged_entry_is_made_anew(self, network, cache, harm):
        first = self.make(network)
        (kept,) = cache.iterdir()
        whole = kept.read_bytes()
        kept.write_bytes(harm(whole))
        assert np.array_equal(self.make(network), first)
        assert load(kept) is not None

    def test_one_that_openvino_refuses_is_made_anew(self, network, cache):
        first = self.make(network)
        (kept,) = cache.iterdir()
        store(kept, b"of another time", most=9)
        assert np.array_equal(self.make(network), first)
        assert len(load(kept)) > 1000

    def test_without_a_disk_to_write_it_works_as_well(self, network, cache):
        cache.parent.write_text("in the way")
        self.make(network)
        assert cache.parent.read_text() == "in the way"

    def test_those_used_last_are_kept(self, tmp_path):
        for number in range(4):
            store(tmp_path / str(number), b"data", most=3)
            os.utime(tmp_path / str(number), (number, number))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]
        load(tmp_path / "1")
        store(tmp_path / "4", b"data", most=3)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "3", "4"]
