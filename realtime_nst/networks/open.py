"""Opens a network by the name that `--model` gives."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError
from . import Network
from .devices import choose_device


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
            from .fetch import fetch_hub

            folder = fetch_hub() if model == "hub" else fetch_hub(model)
        else:
            folder = Path(model)
            if not folder.is_dir():
                raise ModelError(f"there is no model folder {model}; --model takes auto, hub, fast, a FOLDER or a URL")
        network = HubNetwork(folder, found, name=model)
    network.notices = (*notices, *network.notices)
    return network
