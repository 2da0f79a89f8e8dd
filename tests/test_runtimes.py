"""Pictures in and out of a network's graph, on networks whose answer is known."""

import numpy as np
import pytest

from realtime_nst.networks.runtimes import openvino_stylize, tensorflow_stylize


def known(rgb, code):
    """What the networks below compute: each channel times its number of the code, plus 0.3 of green for red."""
    out = rgb * code
    out[..., 0] += 0.3 * rgb[..., 1]
    return out


def openvino_network(layout):
    import openvino
    from openvino import opset13 as ops

    axes, channel = ([1, 3, 1, 1], 1) if layout == "NCHW" else ([1, 1, 1, 3], 3)
    shape = [1, 3, -1, -1] if layout == "NCHW" else [1, -1, -1, 3]
    frame, code = ops.parameter(shape, np.float32), ops.parameter([1, 3], np.float32)
    frame.output(0).set_names({"frame"})
    code.output(0).set_names({"code"})
    green = ops.gather(frame, np.array([1]), np.array(channel))
    to_red = np.float32([0.3, 0, 0]).reshape(axes)
    out = ops.add(ops.multiply(frame, ops.reshape(code, axes, False)), ops.multiply(green, to_red))
    # A row and a column too many, as of a network that rounds sizes up.
    ends = [0, 0, 1, 1] if layout == "NCHW" else [0, 1, 1, 0]
    out = ops.pad(out, [0, 0, 0, 0], ends, "edge")
    return openvino.Model([ops.result(out)], [frame, code], "known")


def stylize_with(runtime, size):
    if runtime == "TensorFlow":
        import tensorflow as tf

        def network(rgb, code):
            red = tf.constant([0.3, 0, 0]) * rgb[..., 1:2]
            return tf.pad(rgb * code + red, [(0, 0), (0, 1), (0, 1), (0, 0)], constant_values=9.0)

        return tensorflow_stylize(network, size, (1, 3), "/CPU:0")
    layout = runtime.split()[1]
    return openvino_stylize(
        openvino_network(layout), size, "frame", "code", (1, 3), layout=layout, precision="f32", threads=1
    )


@pytest.mark.parametrize("runtime", ["OpenVINO NHWC", "OpenVINO NCHW", "TensorFlow"])
def test_pictures_go_in_and_come_out_as_the_network_sees_them(runtime):
    picture = np.random.default_rng(1).integers(0, 256, (23, 40, 3), np.uint8)
    code = np.float32([0.5, 0.9, 1.5])
    stylize = stylize_with(runtime, (23, 40))
    out = stylize(picture, code)
    expected = np.clip(known(picture[:, :, ::-1] / 255, code), 0, 1)[:, :, ::-1] * 255
    assert out.dtype == np.uint8 and out.shape == picture.shape and out.flags.c_contiguous
    assert np.abs(out - expected).max() < 0.51  # rounded, not cut off
    kept = out.copy()
    stylize(255 - picture, code)
    assert np.array_equal(out, kept), "a picture given out must not change with the next"


@pytest.mark.parametrize("runtime", ["OpenVINO NHWC", "TensorFlow"])
def test_a_picture_that_is_a_view_is_read_right(runtime):
    """A mirrored or cropped frame need not lie in one piece in memory."""
    wide = np.random.default_rng(2).integers(0, 256, (16, 60, 3), np.uint8)
    view = wide[:, 50:10:-1]
    stylize = stylize_with(runtime, view.shape[:2])
    code = np.ones(3, np.float32)
    assert np.array_equal(stylize(view, code), stylize(np.ascontiguousarray(view), code))
