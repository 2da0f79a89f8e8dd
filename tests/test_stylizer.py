"""Strength, processing size and arithmetic on codes; with a double where the network's output does not matter."""

import itertools

import cv2
import numpy as np
import pytest
from support.doubles import MeanColour
from support.scenes import scene_image

from realtime_nst.frames import Frame
from realtime_nst.stylizer import ContentCode, Stylizer, blend


@pytest.fixture
def image():
    return scene_image()


@pytest.fixture
def red():
    return np.array([20, 20, 200], np.float32)


def test_encodes_are_counted(image):
    stylizer = Stylizer(MeanColour())
    code = stylizer.encode(image)
    assert code.dtype == np.float32 and code.ndim == 1
    stylizer.encode(image)
    assert stylizer.encodes == 2


def test_a_frames_own_code_is_no_style_encode(image, red):
    stylizer = Stylizer(MeanColour())
    stylizer.stylize(image, red, 0.5)
    assert stylizer.encodes == 0


def test_warming_up_is_of_the_size_that_frames_will_have_and_no_style_encode(image, red):
    network = MeanColour()
    stylizer = Stylizer(network, 320)
    stylizer.warm_up(*image.shape[:2])
    stylizer.stylize(image, red)
    assert network.seen == [(240, 320, 3)] * 2 and stylizer.encodes == 0


@pytest.mark.parametrize(
    ("size", "work", "seen"),
    [
        ((480, 640), 320, (240, 320)),
        ((640, 480), 320, (320, 240)),
        ((101, 333), 100, (30, 100)),
        ((48, 64), 320, (48, 64)),
        ((480, 640), 10**9, (480, 640)),
    ],
)
def test_the_network_sees_the_work_size_and_the_frame_keeps_its_own(size, work, seen, red):
    network = MeanColour()
    stylizer = Stylizer(network, work)
    out = stylizer.stylize(np.full((*size, 3), 90, np.uint8), red)
    assert network.seen == [(*seen, 3)] and stylizer.processing_shape(*size) == seen
    assert out.shape == (*size, 3) and out.dtype == np.uint8 and out.flags.c_contiguous


def test_strength_0_is_the_frame_and_1_the_style(image, red):
    network = MeanColour()
    stylizer = Stylizer(network, 640)
    np.testing.assert_array_equal(stylizer.stylize(image, red, 0.0), image)
    np.testing.assert_array_equal(stylizer.stylize(image, red, 1.0), network.transform(image, red))


def ycc(image):
    return cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2YCrCb).astype(int)


@pytest.mark.parametrize("part", [np.s_[:], np.s_[:, ::-1]])
def test_kept_colours_are_the_frame_s_and_the_light_is_the_style_s(image, part):
    # Half way to grey no colour leaves the range, so nothing is clipped.
    stylizer, grey, image = Stylizer(MeanColour(), 640), np.array([128, 128, 128], np.float32), image[part] // 4 + 96
    styled = stylizer.stylize(image, grey)
    kept = stylizer.stylize(image, grey, keep_colors=True)
    assert np.abs(ycc(kept)[..., 1:] - ycc(image)[..., 1:]).max() <= 2
    assert np.abs(ycc(kept)[..., 0] - ycc(styled)[..., 0]).max() <= 2
    assert np.abs(ycc(styled)[..., 1:] - ycc(image)[..., 1:]).max() > 8
    np.testing.assert_array_equal(stylizer.stylize(image, grey, 0.0, keep_colors=True), image)


def test_the_frame_is_not_changed(image, red):
    before = image.copy()
    for strength in (0.0, 0.1, 0.5, 1.0):
        Stylizer(MeanColour(), 640).stylize(image, red, strength)
        Stylizer(MeanColour(), 640).stylize(image, red, strength, keep_colors=True)
    np.testing.assert_array_equal(image, before)


def test_stage_times_are_taken_once_a_frame(image, red):
    stylizer = Stylizer(MeanColour(), 320)
    stylizer.stylize(image, red)
    times = stylizer.clock.stages_ms()
    assert all(times[stage] > 0 for stage in ("prepare", "stylize", "finish"))
    assert times["capture"] == times["show"] == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (None, "not NoneType; read_image"),
        (np.zeros((48, 64, 3), np.float32), r"not float32 of shape \(48, 64, 3\)"),
        (np.zeros((48, 64), np.uint8), r"not uint8 of shape \(48, 64\)"),
        (np.zeros((48, 64, 4), np.uint8), r"\(48, 64, 4\)"),
        (np.zeros((0, 64, 3), np.uint8), r"\(0, 64, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(wrong, told, red):
    stylizer = Stylizer(MeanColour())
    with pytest.raises(ValueError, match=told):
        stylizer.encode(wrong)
    for strength in (0.0, 0.5, 1.0):
        with pytest.raises(ValueError, match=told):
            stylizer.stylize(wrong, red, strength)


def test_a_part_of_a_picture_and_its_mirror_image_are_pictures(image, red):
    stylizer = Stylizer(MeanColour(), 32)
    for part in (image[10:90, 20:140], image[:, ::-1], image[..., ::-1]):
        assert stylizer.stylize(part, red).shape == part.shape


def test_blend_is_the_weighted_mean():
    a, b = np.array([0, 2], np.float32), np.array([4, 4], np.float32)
    mixed = blend([a, b], [3, 1])
    np.testing.assert_allclose(mixed, [1, 2.5])
    assert mixed.dtype == np.float32
    np.testing.assert_array_equal(blend([a, b], [1, 0]), a)


@pytest.mark.parametrize(("codes", "weights"), [([], []), ([np.zeros(2)], [1, 1]), ([np.zeros(2)], [0])])
def test_a_blend_of_nothing_is_refused(codes, weights):
    with pytest.raises(ValueError, match="cannot blend"):
        blend(codes, weights)


class TestContentCode:
    """A stream that is black for a second and white from then on."""

    def frames(self, count=120):
        return [Frame(np.full((8, 8, 3), 0 if n < 30 else 255, np.uint8), n / 30) for n in range(count)]

    def test_it_glides_to_what_is_seen_and_never_jumps(self):
        follower = ContentCode(Stylizer(MeanColour()), wait=True)
        path = np.array([follower.follow(frame)[0] for frame in self.frames()])
        assert path[0] == 0 and path[-1] > 200
        assert np.all(np.diff(path) >= 0) and np.diff(path).max() < 20

    def test_a_frame_a_second_is_encoded(self):
        calls = []
        network = MeanColour()
        stylizer = Stylizer(network)
        stylizer.content_code = lambda image: calls.append(1) or network.encode(image)
        follower = ContentCode(stylizer, wait=True)
        for frame in self.frames(91):
            follower.follow(frame)
        assert len(calls) == 4

    def test_beside_the_video_it_arrives_in_the_end(self):
        follower = ContentCode(Stylizer(MeanColour()), wait=False)
        last = [follower.follow(frame)[0] for frame in self.frames(600)][-1]
        follower.close()
        assert last > 0


@pytest.fixture(scope="module", params=["generated", pytest.param("Magenta's", marks=pytest.mark.material)])
def network(request):
    """A network with the hub module's interface: random weights, and Magenta's own."""
    from realtime_nst.networks.hub import HubNetwork

    if request.param == "generated":
        return request.getfixturevalue("hub_network")
    return HubNetwork(request.getfixturevalue("magenta_folder"), "cpu")


class TestHubModel:
    def test_strength_moves_smoothly_from_the_frame_to_the_style(self, network, image, paintings):
        from realtime_nst.media.images import read_image

        stylizer = Stylizer(network, 256)
        code = stylizer.encode(read_image(paintings[0]))
        steps = [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
        outs = [stylizer.stylize(image, code, s).astype(float) for s in steps]
        away = [np.abs(out - outs[0]).mean() for out in outs]
        assert away[0] == 0 and 0 < away[1] < 6
        assert away[-1] > 15
        jumps = [np.abs(b - a).mean() for a, b in itertools.pairwise(outs)]
        assert max(jumps) < 0.6 * away[-1]

    def test_the_mean_of_two_styles_lies_between_them(self, network, image, paintings):
        from realtime_nst.media.images import read_image

        stylizer = Stylizer(network, 256)
        a, b = (stylizer.encode(read_image(p)) for p in (paintings[0], paintings[7]))
        one, other, both = (stylizer.stylize(image, c).astype(float) for c in (a, b, blend([a, b], [1, 1])))
        abs_difference = np.abs(one - other).mean()
        assert np.abs(one - both).mean() < abs_difference and np.abs(other - both).mean() < abs_difference
