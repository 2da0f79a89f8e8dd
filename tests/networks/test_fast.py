"""Our own network, with the weights that the package ships."""

import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest
from support.scenes import scene_image

from realtime_nst.media.resize import resize
from realtime_nst.networks import fast
from realtime_nst.networks.fast import WEIGHTS, FastNetwork, OpenVinoFast, TensorFlowFast
from realtime_nst.styles.library import find_styles
from realtime_nst.stylizer import blend


@pytest.fixture(scope="module")
def network():
    return FastNetwork("cpu")


@pytest.fixture(scope="module")
def codes(network):
    return {name: network.encode(find_styles([name])[0].read()) for name in ("night", "embers", "ink")}


@pytest.fixture(scope="module")
def scene():

    return scene_image()


@pytest.mark.parametrize("size", [(480, 640), (33, 57), (8, 8), (101, 64)])
def test_any_size_and_the_same_each_time(network, codes, scene, size):
    frame = np.ascontiguousarray(scene[: size[0], : size[1]])
    before = frame.copy()
    out = network.transform(frame, codes["night"])
    assert out.shape == frame.shape and out.dtype == np.uint8 and out.flags.c_contiguous
    assert np.array_equal(out, network.transform(frame, codes["night"]))
    assert np.array_equal(frame, before)


def test_codes_are_vectors_and_styles_differ(network, codes, scene):
    assert all(code.dtype == np.float32 and code.ndim == 1 for code in codes.values())
    night, embers = (network.transform(scene, codes[name]).astype(float) for name in ("night", "embers"))
    assert np.abs(night - embers).mean() > 15
    blue, _, red = night.mean(axis=(0, 1))
    assert blue > red
    blue, _, red = embers.mean(axis=(0, 1))
    assert red > blue


def test_a_small_style_picture_is_enlarged_smoothly(network):
    """An image of fewer than 256 pixels must not become a mosaic of blocks."""
    small = resize(find_styles(["night"])[0].read(), (64, 64))
    assert np.array_equal(network.encode(small), network.encode(resize(small, (256, 256))))


def test_a_blend_lies_between_its_styles(network, codes, scene):
    means = [
        network.transform(scene, blend([codes["night"], codes["embers"]], [1 - share, share])).mean(axis=(0, 1))
        for share in (0, 0.5, 1)
    ]
    redness = [float(mean[2] - mean[0]) for mean in means]
    assert redness[0] < redness[1] < redness[2]


@pytest.fixture
def in_f32(monkeypatch):
    """Let networks on the CPU compute in f32, whatever the processor's default is."""
    monkeypatch.setattr(
        fast, "OpenVinoFast", lambda folder, frames_in_flight: OpenVinoFast(folder, frames_in_flight, "f32")
    )


@pytest.fixture
def exact(in_f32):
    return FastNetwork("cpu")


def test_the_graph_is_the_same_in_tensorflow(exact, codes, scene, monkeypatch):
    """The GPU's code, run on the CPU because the machines that run these tests have no GPU."""
    monkeypatch.setattr(fast, "OpenVinoFast", lambda folder, frames_in_flight: TensorFlowFast(folder, "/CPU:0"))
    other = FastNetwork("cpu")
    assert np.allclose(other.encode(find_styles(["ink"])[0].read()), codes["ink"], atol=1e-3)
    frame = np.ascontiguousarray(scene[:200, :300])
    for size in ((200, 300), (120, 180)):
        out, expected = (one.begin(one.prepare(frame, size), codes["ink"], frame)() for one in (other, exact))
        assert out.dtype == np.uint8 and out.flags.writeable
        assert np.abs(out.astype(int) - expected).mean() < 0.5


def test_what_the_processor_computes_with_moves_no_pixel_that_is_seen(network, exact, codes, scene):
    """On a processor with bf16; on others both compute in f32."""
    for name in ("ink", "night"):
        abs_difference = np.abs(network.transform(scene, codes[name]).astype(int) - exact.transform(scene, codes[name]))
        assert abs_difference.mean() < 1


@pytest.mark.parametrize("parts", [OpenVinoFast, lambda folder: TensorFlowFast(folder, "/CPU:0")])
@pytest.mark.parametrize("times", [2, 3.75])
def test_a_larger_frame_has_no_lines_that_a_smaller_has_not(codes, scene, monkeypatch, parts, times):
    monkeypatch.setattr(fast, "OpenVinoFast", lambda folder, frames_in_flight: parts(folder))
    network = FastNetwork("cpu")
    smooth = cv2.GaussianBlur(scene, (0, 0), 8)[:240, :320]
    large = cv2.resize(smooth, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR)
    seen = network.prepare(smooth, (240, 320))
    for code in codes.values():
        enlarged = cv2.resize(network.begin(seen, code, smooth)(), large.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        abs_difference = np.abs(network.begin(seen, code, large)().astype(int) - enlarged)
        assert np.percentile(abs_difference, 99.9) <= 4


def test_several_frames_at_once_are_as_one_after_the_other(exact, codes, scene):
    many = FastNetwork("cpu", throughput=True)
    frames = [
        np.ascontiguousarray(np.roll(scene[:120, :160], 20 * k, axis=1)) for k in range(many.frames_in_flight + 1)
    ]
    for _ in range(3):
        ends = [many.begin(many.prepare(frame, (120, 160)), codes["night"], frame) for frame in frames]
        for end, frame in zip(ends, frames):
            assert np.abs(end().astype(int) - exact.transform(frame, codes["night"])).max() <= 1


def test_it_needs_no_tensorflow_and_little_room():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, numpy as np; from realtime_nst.networks.registry import open_network\n"
            "n = open_network('fast', 'cpu'); p = np.zeros((64, 64, 3), np.uint8); n.transform(p, n.encode(p))\n"
            "print('tensorflow' in sys.modules, n.name, n.runtime)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("False fast OpenVINO")
    assert sum(file.stat().st_size for file in WEIGHTS.iterdir()) <= 4 << 20


@pytest.mark.parametrize("kind", ["flat", "noisy"])
def test_no_grid_at_the_strides_of_the_network(network, codes, kind):
    """Upsampling could leave a grid: compare the output's spectrum at periods 2 to 16 with its neighbourhood."""
    field = np.full((256, 256, 3), 128, np.uint8)
    if kind == "noisy":
        field = np.random.default_rng(0).integers(96, 160, field.shape).astype(np.uint8)
    for code in codes.values():
        grey = network.transform(field, code).mean(axis=2)
        for axis in (0, 1):
            spectrum = np.abs(np.fft.rfft(grey - grey.mean(), axis=axis)).mean(axis=1 - axis)
            for period in (2, 4, 8, 16):
                place = 256 // period
                around = np.r_[spectrum[place - 12 : place - 2], spectrum[place + 3 : place + 13]]
                assert spectrum[place] <= 2 * around.mean() + 1e-6


@pytest.mark.skipif(not hasattr(signal, "SIGTERM") or sys.platform == "win32", reason="sends a POSIX signal")
def test_a_signal_after_a_network_is_gone_reaches_its_handler():
    """OpenVINO gives a thread a signal stack; freed with the last model, the next signal would crash the process."""
    script = (
        "import gc, os, signal, sys, numpy as np\n"
        "from realtime_nst.networks.fast import FastNetwork\n"
        "network, image = FastNetwork('cpu'), np.zeros((64, 96, 3), np.uint8)\n"
        "network.transform(image, network.encode(image))\n"
        "del network; gc.collect()\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "signal.pause()"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=120).returncode == 3
