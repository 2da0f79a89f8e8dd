"""LPIPS: its formula on a network of known weights, and its behaviour with the real ones."""

import cv2
import numpy as np
import pytest
from support.pictures import photo, save_lpips

from realtime_nst.errors import ModelError
from realtime_nst.evaluation.lpips import Lpips


@pytest.fixture(scope="module")
def image():
    return photo(240, 320)


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory):
    return save_lpips(tmp_path_factory.mktemp("lpips") / "alexnet.npz")


def test_a_distance_is_symmetric_and_grows_with_the_change(weights_file, image):
    lpips = Lpips(weights_file)
    blurred = [cv2.GaussianBlur(image, (0, 0), sigma) for sigma in (0.7, 1.5, 4)]
    distances = [lpips(image, other) for other in blurred]
    assert lpips(image, image) == pytest.approx(0, abs=1e-6)
    assert 0 < distances[0] < distances[1] < distances[2]
    assert lpips(blurred[2], image) == pytest.approx(distances[2], abs=1e-5)


@pytest.mark.material
def test_the_trained_weights_see_what_pixels_do_not(shared, image):
    lpips = Lpips(shared("features/lpips_alexnet.npz"))
    distances = [lpips(image, cv2.GaussianBlur(image, (0, 0), sigma)) for sigma in (0.7, 1.5, 4)]
    assert 0 < distances[0] < distances[1] < distances[2] < 1
    assert lpips(image, 255 - image) > 0.3
    # A picture that is a little lighter looks nearly the same; its blurred copy is nearer by pixels.
    assert lpips(image, cv2.convertScaleAbs(image, alpha=1, beta=12)) < distances[1]


def test_the_formula_by_hand(tmp_path):
    """Kernels that pass one colour on make every layer the same maps, whose distance is known."""
    arrays = {}
    shapes = ((11, 3, 2), (5, 2, 2), (3, 2, 2), (3, 2, 2), (3, 2, 2))
    for number, (side, taken, made) in enumerate(shapes, start=1):
        kernel = np.zeros((side, side, taken, made), np.float32)
        for map_ in range(made):
            kernel[side // 2, side // 2, map_, map_] = 1
        arrays |= {
            f"conv{number}_kernel": kernel,
            f"conv{number}_bias": np.full(made, 3.0, np.float32),
            f"lin{number}": np.float32([2.0, 0.0]),
        }
    np.savez(tmp_path / "weights.npz", **arrays)
    lpips = Lpips(tmp_path / "weights.npz")
    first, second = (np.full((64, 64, 3), color, np.uint8) for color in ((0, 0, 255), (0, 255, 0)))

    def expected():
        total = 0.0
        pictures = []
        for _, green, red in ((0, 0, 255), (0, 255, 0)):
            rgb = np.array([red, green]) / 127.5 - 1
            pictures.append((rgb - (-0.030, -0.088)) / (0.458, 0.448))
        for _ in shapes:
            pictures = [np.maximum(maps + 3, 0) for maps in pictures]
            unit = [maps / np.linalg.norm(maps) for maps in pictures]
            total += 2 * (unit[0][0] - unit[1][0]) ** 2
        return total

    assert lpips(first, second) == pytest.approx(expected(), rel=1e-4)


def test_wrong_input_is_refused(weights_file, image, tmp_path):
    lpips = Lpips(weights_file)
    with pytest.raises(ValueError, match="one size"):
        lpips(image, image[:128])
    with pytest.raises(ValueError, match="64"):
        lpips(image[:32], image[:32])
    with pytest.raises(ModelError, match="missing.npz.*npz file"):
        Lpips(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(ModelError, match="text.npz"):
        Lpips(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", conv1_kernel=np.zeros(3))
    with pytest.raises(ModelError, match="conv2_kernel"):
        Lpips(tmp_path / "other.npz")
