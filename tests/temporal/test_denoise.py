"""The denoiser before the network: static regions become noise-free, moving ones stay as they are."""

import itertools

import cv2
import numpy as np
import pytest
from support.doubles import Kept, MeanColour, Numbered
from support.scenes import scene_image

from realtime_nst.networks.fast import FastNetwork
from realtime_nst.pipeline import RenderParams, run
from realtime_nst.sources.factory import open_source
from realtime_nst.stylizer import Stylizer
from realtime_nst.temporal.denoise import TemporalDenoiser


def noisy(image, sigma, rng):
    return cv2.add(image, rng.normal(0, sigma, image.shape), dtype=cv2.CV_8U)


@pytest.fixture(scope="module")
def scene():
    return cv2.resize(scene_image(), (320, 240), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("sigma", [2, 4, 6])
def test_a_still_scene_loses_most_of_its_noise(scene, sigma):
    rng, denoise = np.random.default_rng(0), TemporalDenoiser()
    frames = [noisy(scene, sigma, rng) for _ in range(40)]
    shown = [denoise(frame) for frame in frames]
    assert shown[0] is frames[0]
    assert all(frame.dtype == np.uint8 and frame.shape == scene.shape for frame in shown)

    def unrest(images):
        return np.mean([cv2.absdiff(*pair).mean() for pair in itertools.pairwise(images)])

    assert unrest(shown) < 0.3 * unrest(frames)
    assert cv2.absdiff(shown[-1], scene).mean() < 0.6 * cv2.absdiff(frames[-1], scene).mean()


@pytest.mark.parametrize("sigma", [0, 3])
def test_what_moves_leaves_no_trace(scene, sigma):
    rng, denoise = np.random.default_rng(0), TemporalDenoiser()
    for number in range(40):
        clean = scene.copy()
        cv2.circle(clean, (20 + 7 * number, 120), 18, (40, 90, 160), cv2.FILLED)
        frame = noisy(clean, sigma, rng)
        shown = denoise(frame)
    # It was there two frames ago, and is here now.
    for there in (np.s_[110:130, 263:269], np.s_[110:130, 285:301]):
        assert cv2.absdiff(shown[there], clean[there]).mean() < 2 + sigma


def test_a_camera_that_turns_is_not_taken_for_noise():
    denoise = TemporalDenoiser()
    tiles = np.random.default_rng(0).integers(118, 138, (15, 20, 3)).astype(np.uint8)
    for number in range(30):
        # Everything differs from the frame before, by a few levels as strong noise does, and is flat.
        frame = cv2.resize(np.roll(tiles, number, axis=1), (320, 240), interpolation=cv2.INTER_NEAREST)
        shown = denoise(frame)
    assert cv2.absdiff(shown, frame).mean() < 0.5


def test_light_that_changes_slowly_is_followed(scene):
    denoise = TemporalDenoiser()
    for number in range(60):
        frame = cv2.convertScaleAbs(scene, alpha=1 - number / 120)
        assert cv2.absdiff(denoise(frame), frame).mean() < 3


def test_a_frame_of_another_size_begins_anew(scene):
    denoise = TemporalDenoiser()
    denoise(scene)
    smaller = np.ascontiguousarray(scene[:120, :160])
    assert denoise(smaller) is smaller


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (9, 4)])
def test_the_smallest_frames(size):
    denoise = TemporalDenoiser()
    for value in (10, 11, 200):
        shown = denoise(np.full((*size, 3), value, np.uint8))
    assert shown.shape == (*size, 3) and (shown == 200).all()


class Given(Numbered):
    """A source of the pictures it is given."""

    def __init__(self, images):
        super().__init__(len(images), size=images[0].shape[:2])
        self._pictures = images

    def read(self):
        frame = super().read()
        return frame and frame._replace(image=self._pictures[self.given - 1])


def test_a_run_keeps_noise_from_the_network_unless_it_is_told_not_to(scene):
    rng = np.random.default_rng(0)
    frames = [noisy(scene, 4, rng) for _ in range(20)]
    code = np.zeros(3, np.float32)

    def unrest(**options):
        sink = Kept()
        run(Given(frames), Stylizer(MeanColour()), [sink], lambda _f: RenderParams(code), live=False, **options)
        return cv2.absdiff(sink.frames[-1].image, sink.frames[-2].image).mean()

    assert unrest() < 0.4 * unrest(deflicker=False)


@pytest.mark.parametrize("kind", ["generated", pytest.param("shared", marks=pytest.mark.material)])
def test_a_clip_of_a_person_at_a_webcam_flickers_half_as_much(made_clip, shared, kind):
    clip = made_clip("webcam.mkv") if kind == "generated" else shared("clips/webcam/milk.mkv")
    source = open_source(str(clip), live=False)
    images = [source.read().image for _ in range(30)]
    source.close()
    stylizer = Stylizer(FastNetwork("cpu"))
    code = stylizer.encode(images[0][:256, :256])
    still = np.s_[20:200, 60:160]  # the wall

    def flicker(**options):
        sink = Kept()
        run(Given(images), stylizer, [sink], lambda _f: RenderParams(code), live=False, **options)
        shown = [frame.image[still].astype(np.float32) for frame in sink.frames[10:]]
        return np.mean([np.mean((one - two) ** 2) for one, two in itertools.pairwise(shown)])

    assert flicker() < 0.5 * flicker(deflicker=False)
