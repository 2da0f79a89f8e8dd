"""Opens a network by the name that `--model` gives."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..errors import ModelError
from . import Network
from .devices import choose_device, cpu_name, graphics_card


def open_network(model: str = "auto", device: str = "auto") -> Network:
    """Open "hub", "fast", a SavedModel folder or a URL of one on "auto", "cpu" or "gpu".

    "auto" is hub where there is a GPU, else fast. Raises ModelError or DeviceError.
    """
    found, notices = choose_device(device)
    if model == "auto":
        model = "hub" if found == "gpu" else "fast"
    if model == "fast":
        from .fast import FastNetwork

        network = FastNetwork(found)
    else:
        from .hub import HubNetwork

        if model == "hub" or "://" in model:
            from .fetch import HUB_HANDLE, fetch_hub

            folder = fetch_hub(HUB_HANDLE if model == "hub" else model)
        else:
            folder = Path(model)
            if not folder.is_dir():
                raise ModelError(f"there is no model folder {model}; --model takes auto, hub, fast, a FOLDER or a URL")
        network = HubNetwork(folder, found, name=model)
    network.notices = (*notices, *network.notices)
    return network


class ModelStatus(NamedTuple):
    """A line of `realtime-nst models`."""

    name: str
    here: str
    runs_on: str
    where: str


def model_status() -> list[ModelStatus]:
    """What models are here, and what would run them."""
    from .cache import size_of
    from .fast import WEIGHTS
    from .fetch import HUB_HANDLE, fetched

    card = graphics_card()
    runs_on = f"TensorFlow on {card}" if card else f"OpenVINO on the CPU ({cpu_name()})"
    rows = []
    for name, folder, missing in (
        ("fast", WEIGHTS, "missing from this installation"),
        ("hub", fetched(), f"{HUB_HANDLE}; `realtime-nst models --fetch hub` downloads it"),
    ):
        here = folder is not None and folder.is_dir()
        rows.append(ModelStatus(
            name, f"yes, {size_of(folder) / 1e6:.1f} MB" if here else "no", runs_on, str(folder) if here else missing
        ))
    return rows
