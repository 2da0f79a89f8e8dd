"""What several test files need: the shared material, and the hub model opened once."""

from __future__ import annotations

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
