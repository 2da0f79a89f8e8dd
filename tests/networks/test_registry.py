"""The families of networks: how a name becomes a network, and what a new family needs."""

import subprocess
import sys

import pytest
from support.doubles import MeanColour

from realtime_nst.errors import ModelError
from realtime_nst.networks import registry
from realtime_nst.networks.base import Network
from realtime_nst.stylizer import load_stylizer


class Toy(MeanColour):
    """A family of one class: what a contributor writes."""

    name = "toy"
    default_processing_size = 128
    missing_hint = "build it with make toy"

    @classmethod
    def open(cls, model, device, say, throughput):
        return cls()


@pytest.fixture
def toy(monkeypatch):
    """The line that a new family adds to the registry. Its class lies here instead of in networks/."""
    monkeypatch.setitem(registry.FAMILIES, "toy", "toy.Toy")
    module = type(sys)("realtime_nst.networks.toy")
    module.Toy = Toy
    monkeypatch.setitem(sys.modules, "realtime_nst.networks.toy", module)


def test_a_new_family_is_opened_by_name_listed_and_suggested(toy):
    stylizer = load_stylizer("toy", "cpu")
    assert isinstance(stylizer.network, Toy) and stylizer.processing_size == 128
    row = next(row for row in registry.model_status() if row.name == "toy")
    assert (row.here, row.where) == ("no", "build it with make toy")
    with pytest.raises(ModelError, match="fast, hub, toy, a FOLDER.*Did you mean toy"):
        registry.open_network("tyo", "cpu")


@pytest.mark.parametrize("name", registry.FAMILIES)
def test_every_family_carries_its_own_defaults(name):
    family = registry.family(name)
    assert issubclass(family, Network) and family.open.__func__ is not Network.open.__func__
    assert family.default_processing_size >= 32 and family.missing_hint


def test_the_processing_size_is_the_family_s_own_unless_one_is_given():
    assert load_stylizer("fast", "cpu").processing_size == registry.family("fast").default_processing_size == 384
    assert registry.family("hub").default_processing_size == 384
    assert load_stylizer("fast", "cpu", 320).processing_size == 320


def test_naming_the_models_loads_no_opencv_and_no_runtime():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from realtime_nst.networks.registry import MODEL_METAVAR\n"
            "print(MODEL_METAVAR, {'cv2', 'numpy', 'openvino', 'tensorflow'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "auto|fast|hub|FOLDER|URL set()\n"
