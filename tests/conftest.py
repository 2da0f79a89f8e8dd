"""What several test files need: the shared material, and the hub model opened once."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Converted and compiled models go to a folder of this run, not to the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REALTIME_NST_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of test material that lies beside the repository; tests that need it are skipped without."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the shared test material (../shared/data beside the repository)")
    return folder


@pytest.fixture(scope="session")
def hub_folder(shared_data) -> Path:
    """A real SavedModel with the hub module's interface."""
    return shared_data / "hub-model"


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
    from realtime_nst.sinks.recorder import Recorder
    from realtime_nst.live.session import Session
    from realtime_nst.live.style_encoder import StyleEncoder
    from realtime_nst.stylizer import Stylizer

    with contextlib.ExitStack() as made:

        def make(styles, **options):
            stylizer = Stylizer(MeanColour())
            encoder = made.enter_context(contextlib.closing(StyleEncoder(stylizer, styles, prefetch=True)))
            defaults = dict(fade=0.0, cycle=None, wait_for_style=True, notify=lambda message: None, stop=threading.Event())
            recorder = Recorder(30.0, live=True, must_succeed=False)
            session = Session(encoder, recorder, stylizer.clock, RenderParams(None), **defaults | options)
            return made.enter_context(contextlib.closing(session)), encoder

        yield make
