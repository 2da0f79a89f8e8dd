"""What every network promises, tested on each of them. A new family is one entry in NETWORKS."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from support.doubles import MeanColour
from support.pictures import photo, texture

from realtime_nst.errors import ArgumentError, ModelError
from realtime_nst.networks.base import Network

NETWORKS = ["test kit", "fast", "fast for clips", "hub on OpenVINO", "hub on TensorFlow", "hub for clips"]


STYLES = [texture(64, 1), 255 - texture(64, 2) // 2]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request) -> Network:
    from realtime_nst.networks.fast import FastNetwork
    from realtime_nst.networks.hub import HubNetwork

    def folder():
        return request.getfixturevalue("hub_folder")

    def on_tensorflow() -> Network:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("realtime_nst.networks.hub.OpenVinoParts", _refuse)
            return HubNetwork(folder(), "cpu")

    return {
        "test kit": MeanColour,
        "fast": lambda: FastNetwork("cpu"),
        "fast for clips": lambda: FastNetwork("cpu", throughput=True),
        "hub on OpenVINO": lambda: request.getfixturevalue("hub_network"),
        "hub on TensorFlow": on_tensorflow,
        "hub for clips": lambda: HubNetwork(folder(), "cpu", throughput=True),
    }[request.param]()


def _refuse(*_args):
    raise RuntimeError("this processor is not supported")


@pytest.fixture(scope="module")
def image():
    return photo(96, 128)


@pytest.fixture(scope="module")
def codes(network):
    return [network.encode(style) for style in STYLES]


def frozen(image: np.ndarray) -> np.ndarray:
    """A copy that cannot be written to."""
    copy = image.copy()
    copy.flags.writeable = False
    return copy


def test_it_says_what_it_is(network):
    assert all(isinstance(words, str) and words for words in (network.name, network.runtime, network.device))
    assert all(isinstance(notice, str) and notice for notice in network.notices)
    assert network.frames_in_flight >= 0 and network.default_processing_size > 0


def test_it_can_be_fitted_if_it_says_what_a_vector_belongs_to(network):
    if network.fingerprint:
        assert pickle.dumps(network.differentiable()) and network.fingerprint == type(network).located_fingerprint()
    else:
        with pytest.raises(ModelError, match="cannot be fitted"):
            network.differentiable()


@pytest.mark.parametrize("size", [(40, 40), (300, 200), (31, 257)])
def test_a_code_is_a_float32_vector_of_one_length(network, codes, size):
    code = network.encode(texture(300)[: size[0], : size[1]])
    assert code.dtype == np.float32 and code.shape == codes[0].shape and code.ndim == 1
    assert np.isfinite(code).all()


def test_another_style_has_another_code_and_the_same_one_the_same(network, codes):
    assert not np.array_equal(*codes)
    np.testing.assert_array_equal(network.encode(STYLES[0]), codes[0])


@pytest.mark.parametrize("size", [(96, 128), (64, 97), (1, 1)])
def test_an_output_has_the_size_of_its_input(network, codes, image, size):
    out = network.transform(np.ascontiguousarray(image[: size[0], : size[1]]), codes[0])
    assert out.shape == (*size, 3) and out.dtype == np.uint8 and out.flags.c_contiguous


def test_the_same_frame_and_code_make_the_same_image(network, codes, image):
    first = network.transform(image, codes[0])
    network.transform(255 - image, codes[1])
    np.testing.assert_array_equal(network.transform(image, codes[0]), first)


def test_another_style_makes_another_image(network, codes, image):
    one, other = (network.transform(image, code).astype(int) for code in codes)
    assert np.abs(one - other).mean() > 3


def test_inputs_are_left_as_they_are(network, codes, image):
    """They may be shared, so they may be read-only."""
    given, code = frozen(image), codes[0].copy()
    code.flags.writeable = False
    np.testing.assert_array_equal(network.transform(given, code), network.transform(image, codes[0]))
    network.encode(given)
    np.testing.assert_array_equal(given, image)


def test_an_output_is_not_overwritten_by_the_next(network, codes, image):
    out = network.transform(image, codes[0])
    kept = out.copy()
    network.transform(255 - image, codes[1])
    np.testing.assert_array_equal(out, kept)


def test_a_blend_of_codes_leads_from_one_style_to_the_other(network, codes, image):
    """Codes are a vector space: on the straight way from one to the other, an image moves away from the first one."""
    shares = np.array([0, 0.5, 1], np.float32)
    outs = [network.transform(image, (1 - t) * codes[0] + t * codes[1]).astype(float) for t in shares]
    far = np.abs(outs[2] - outs[0]).mean()
    assert 0 < np.abs(outs[1] - outs[0]).mean() < far and 0 < np.abs(outs[1] - outs[2]).mean() < far
    np.testing.assert_array_equal(network.transform(image, np.float32(0.5) * (codes[0] + codes[0])), outs[0])


def test_frames_in_flight_come_out_as_one_by_one(network, codes, image):
    """Frames are started together and finished in any order, each at its own size."""
    images = [image, np.ascontiguousarray(image[:, ::-1]), 255 - image]
    expected = [network.transform(one, codes[0]) for one in images]
    for count in range(1, min(network.frames_in_flight + 1, 3) + 1):
        begun = [network.begin(network.prepare(one, one.shape[:2]), codes[0], one) for one in images[:count]]
        for end, out in zip(begun, expected, strict=False):
            np.testing.assert_array_equal(end(), out)


def test_a_small_processing_size_keeps_the_frame_s_own(network, codes, image):
    out = network.begin(network.prepare(image, (48, 64)), codes[0], image)()
    assert out.shape == image.shape and out.dtype == np.uint8 and out.flags.c_contiguous


def test_a_code_of_another_model_is_refused_in_words(network, image, codes):
    if network.name == "double":
        pytest.skip("the test kit's network takes any colour")
    with pytest.raises(ArgumentError, match=rf"have {codes[0].size} numbers, not 3: encode the style with"):
        network.transform(image, np.zeros(3, np.float32))
