"""The network that finds people: trained for a few steps and exported, it draws masks of frames of any size."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from realtime_nst.regions.segmenter import STEP, PersonSegmenter


@pytest.fixture
def labelled():
    """Bright discs as people before dark noise, and noise with nobody in it."""
    rng = np.random.default_rng(3)
    images = rng.integers(0, 90, (6, 128, 128, 3), np.uint8)
    masks = np.zeros((6, 128, 128), np.uint8)
    for image, mask in zip(images[:4], masks[:4]):
        centre = tuple(int(place) for place in rng.integers(40, 88, 2))
        cv2.circle(mask, centre, 34, 255, -1)
        image[mask > 0] = 230
    return images, masks


def test_what_is_drawn_to_train_with_is_a_picture_and_its_mask(labelled):
    from realtime_nst.training.segmentation.augment import Augmented

    pictures, given = labelled
    images, masks = Augmented(pictures, given, (64, 96), np.random.default_rng(1)).batch(20)
    assert images.shape == (20, 64, 96, 3) and masks.shape == (20, 64, 96, 1)
    assert images.dtype == masks.dtype == np.float32 and 0 <= images.min() <= images.max() <= 1
    people = [one[..., :][mask[..., 0] > 0.9].mean() for one, mask in zip(images, masks) if mask.max() > 0.9]
    ground = [one[mask[..., 0] < 0.1].mean() for one, mask in zip(images, masks)]
    assert len(people) > 5 and np.mean(people) > np.mean(ground) + 0.3


@pytest.mark.parametrize("size", [(480, 640), (640, 360), (20, 30), (33, 400)])
def test_frames_of_any_size_have_a_mask_of_their_proportions(exported, size):
    mask = PersonSegmenter(exported)(np.full((*size, 3), 90, np.uint8))
    assert all(side % STEP == 0 for side in mask.shape) and 0 <= mask.min() <= mask.max() <= 1
    assert abs(np.log(mask.shape[1] / mask.shape[0]) - np.log(size[1] / size[0])) < 0.4 or min(mask.shape) == STEP


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An untrained network as a file that the program reads."""
    from realtime_nst.training.segmentation import export
    from realtime_nst.training.segmentation.network import WEIGHTS, build_segmenter

    folder = tmp_path_factory.mktemp("segmenter")
    build_segmenter().save_weights(folder / WEIGHTS)
    done = CliRunner().invoke(export.main, [str(folder), str(folder / "segment.pb")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return folder / "segment.pb"


def test_the_exported_network_computes_what_was_trained(exported):
    import keras

    from realtime_nst.training.segmentation.network import WEIGHTS, build_segmenter

    network = build_segmenter()
    network.load_weights(exported.with_name(WEIGHTS))
    frame = np.random.default_rng(2).integers(0, 256, (144, 192, 3), np.uint8)
    logits = keras.ops.convert_to_numpy(network(frame[np.newaxis].astype(np.float32) / 255))[0, ..., 0]
    assert np.abs(PersonSegmenter(exported)(frame) - 1 / (1 + np.exp(-logits))).max() < 0.01
