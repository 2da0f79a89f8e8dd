"""The families of networks, and how `--model` opens one.

Importing this module loads neither OpenCV nor a runtime, so that the command line can name the models in its help.
"""

from __future__ import annotations

import difflib
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ModelError
from .runtimes.devices import DeviceKind, choose_device, cpu_name, graphics_card

if TYPE_CHECKING:
    from .base import Network, Say

FAMILIES = {"fast": "fast.FastNetwork", "hub": "hub.HubNetwork"}
"""The module in this package and the class of each family, by its name for `--model`."""

SAVED_MODELS = "hub"
"""The family that opens a SavedModel from a folder or a URL."""

BEST: dict[DeviceKind, str] = {"gpu": "hub", "cpu": "fast"}
"""The model that "auto" opens on each device."""

FALLBACK = "fast"
"""The model that "auto" opens if the best one cannot be downloaded."""

MODEL_METAVAR = "|".join(("auto", *FAMILIES, "FOLDER", "URL"))
"""The values of `--model`, for the help of the command line."""


def family(name: str) -> type[Network]:
    """Return the class of a family, by its name in `FAMILIES`."""
    module, _, class_name = FAMILIES[name].partition(".")
    return getattr(import_module(f".{module}", __package__), class_name)


def open_network(
    model: str | os.PathLike[str] = "auto",
    device: str = "auto",
    say: Say = lambda message: None,
    throughput: bool = False,
) -> Network:
    """Open a network.

    Args:
        model: a name in `FAMILIES`, a folder that holds a SavedModel, or a URL of one. "auto" is hub on a GPU and fast
            on a CPU, and also fast, with a notice, if hub cannot be downloaded.
        device: "auto", "cpu" or "gpu".
        say: receives a sentence before anything that takes long.
        throughput: process several frames at once on a CPU: more frames per second, each one later.

    Raises:
        ModelError: if the model is missing or damaged, or cannot be downloaded.
        DeviceError: if a GPU was requested and there is no usable one.
    """
    if not isinstance(model, (str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ModelError(f"a model is auto, {', '.join(FAMILIES)}, a folder or a URL, not {type(model).__name__}")
    model = os.fspath(model)
    kind, notices = choose_device(device)
    if model == "auto":
        try:
            network = _open(BEST[kind], kind, say, throughput)
        except ModelError as error:
            if BEST[kind] == FALLBACK:
                raise
            notices = (*notices, f"Using the {FALLBACK} model: {error}")
            network = _open(FALLBACK, kind, say, throughput)
    else:
        network = _open(model, kind, say, throughput)
    network.notices = (*notices, *network.notices)
    return network


def _open(model: str, device: DeviceKind, say: Say, throughput: bool) -> Network:
    if model not in FAMILIES and "://" not in model and not Path(model).is_dir():
        near = difflib.get_close_matches(model, ("auto", *FAMILIES), 1)
        raise ModelError(
            f"there is no model folder {model}; --model takes auto, {', '.join(FAMILIES)}, a FOLDER or a URL"
            + (f". Did you mean {near[0]}?" if near else "")
        )
    return family(model if model in FAMILIES else SAVED_MODELS).open(model, device, say, throughput)


class ModelStatus(NamedTuple):
    """One row of `realtime-nst models`, as text."""

    name: str
    here: str
    """Whether its files are on this machine, and their size."""
    runs_on: str
    where: str
    """The folder; if there is none, how to get the model."""


def model_status() -> list[ModelStatus]:
    """Return the status of each model: whether it is on this machine, and what would run it."""
    from .runtimes.cache import size_of

    device, _ = choose_device("auto")
    runs_on = f"TensorFlow on {graphics_card()}" if device == "gpu" else f"OpenVINO on the CPU ({cpu_name()})"
    rows = []
    for name in FAMILIES:
        folder = family(name).locate()
        if folder is not None and folder.is_dir():
            rows.append(ModelStatus(name, f"yes, {size_of(folder) / 1e6:.1f} MB", runs_on, str(folder)))
        else:
            rows.append(ModelStatus(name, "no", runs_on, family(name).missing_hint))
    return rows
