"""Opens a network by the name that `--model` gives."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import ModelError
from .base import Network
from .runtimes.devices import choose_device, cpu_name, graphics_card


def open_network(
    model: str = "auto",
    device: str = "auto",
    say: Callable[[str], None] = lambda message: None,
    throughput: bool = False,
) -> Network:
    """Open "hub", "fast", a SavedModel folder or a URL of one on "auto", "cpu" or "gpu".

    "auto" is hub where there is a GPU, else fast; fast too, with a notice, where the hub cannot be reached.
    `say` is told what takes long. With `throughput` a CPU works on several frames at once.
    Raises ModelError or DeviceError.
    """
    found, notices = choose_device(device)
    if model == "auto" and found == "gpu":
        try:
            return open_network("hub", device, say, throughput)
        except ModelError as reason:
            notices = (*notices, f"Using the fast model: {reason}")
    if model == "auto":
        model = "fast"
    if model == "fast":
        from .fast import FastNetwork

        network = FastNetwork(found, throughput=throughput)
    else:
        from .hub import HubNetwork

        if model == "hub" or "://" in model:
            from .download import HUB_HANDLE, fetch_hub, fetched

            handle = HUB_HANDLE if model == "hub" else model
            if not fetched(handle):
                say(f"Fetching {handle}: once")
            folder = fetch_hub(handle)
        else:
            folder = Path(model)
            if not folder.is_dir():
                near = difflib.get_close_matches(model, ("auto", "hub", "fast"), 1)
                raise ModelError(
                    f"there is no model folder {model}; --model takes auto, hub, fast, a FOLDER or a URL"
                    + (f". Did you mean {near[0]}?" if near else "")
                )
        network = HubNetwork(folder, found, model, say, throughput)
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
    from .download import HUB_HANDLE, fetched
    from .fast import WEIGHTS
    from .runtimes.cache import size_of

    device, _ = choose_device("auto")
    runs_on = f"TensorFlow on {graphics_card()}" if device == "gpu" else f"OpenVINO on the CPU ({cpu_name()})"
    rows = []
    for name, folder, missing in (
        ("fast", WEIGHTS, "missing from this installation"),
        ("hub", fetched(), f"{HUB_HANDLE}; `realtime-nst models --fetch hub` downloads it"),
    ):
        here = folder is not None and folder.is_dir()
        rows.append(
            ModelStatus(
                name,
                f"yes, {size_of(folder) / 1e6:.1f} MB" if here else "no",
                runs_on,
                str(folder) if here else missing,
            )
        )
    return rows
