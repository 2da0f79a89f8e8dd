"""The conversion of a hub module to OpenVINO's format: done once per computer, checked, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from ..errors import ModelError
from ..media.resize import resize
from .base import Say
from .hub_parts import OpenVinoParts, TensorFlowParts, openvino_release
from .hub_split import Module, load_module, not_a_saved_model, split
from .runtimes.cache import cache_folder, filling
from .runtimes.devices import openvino_core


def converted(folder: Path, say: Say = lambda message: None) -> Path:
    """Return the folder of a module's parts in OpenVINO's format; make it with TensorFlow if it is not in the cache.

    The cache is keyed by a hash of the module's files and by OpenVINO's version. The folder holds encode.xml,
    transform.xml and parts.json.

    Args:
        folder: where the SavedModel is.
        say: receives a sentence before a conversion.

    Raises:
        ModelError: if the folder holds no style module, or the cache cannot be written.
        RuntimeError: if OpenVINO cannot run the module, or its result differs from TensorFlow's.
        ImportError: if OpenVINO is not installed.
    """
    import openvino

    entry = cache_folder() / "converted" / f"{_hash(folder)}-{openvino_release(openvino.__version__)}"
    if not entry.is_dir():
        say(f"Preparing {folder} for this computer: once, half a minute or less")
        module = split(load_module(folder))
        try:
            with filling(entry) as partial:
                _convert(module, partial)
                _compare(OpenVinoParts(partial), TensorFlowParts(module, "/CPU:0", "CPU"))
        except OSError as error:
            raise ModelError(
                f"cannot keep the converted model in {entry.parent}: {error.strerror or error}. "
                "Free some space or name a writable folder: REALTIME_NST_CACHE=FOLDER realtime-nst ..."
            ) from error
    return entry


def _convert(module: Module, folder: Path) -> None:
    import openvino

    core = openvino_core()
    graphs = {"transform": module.transform, "encode": module.encode}
    for name, graph in graphs.items():
        if graph is None:
            continue
        frozen = folder / f"{name}.pb"
        frozen.write_bytes(graph.SerializeToString())
        openvino.save_model(core.read_model(frozen), folder / f"{name}.xml", compress_to_fp16=False)
        frozen.unlink()
    names = {
        "frame": module.frame,
        "code": module.code,
        "code_shape": module.code_shape,
        "whole_because": module.whole_because,
    }
    (folder / "parts.json").write_text(json.dumps(names))


def _compare(parts: OpenVinoParts, reference: TensorFlowParts, tolerance: float = 4.0) -> None:
    """Check that both runtimes stylize a random image alike: a runtime that computes a wrong result reports no error.

    Raises:
        RuntimeError: if the mean absolute difference exceeds `tolerance` (of 255). bf16 alone causes 0.6.
    """
    rng = np.random.default_rng(0)
    image = resize(rng.integers(0, 256, (6, 9, 3), np.uint8), (64, 96))
    style = rng.integers(0, 256, (30, 30, 3), np.uint8)
    output, expected = (each.compile((64, 96))(image, each.encode(style))() for each in (parts, reference))
    difference = np.abs(output.astype(np.int16) - expected).mean()
    if difference > tolerance:
        raise RuntimeError(f"its images differ from TensorFlow's by {difference:.0f} of 255 on average")


def _hash(folder: Path) -> str:
    """Hash the names and contents of a SavedModel's files."""
    if not (folder / "saved_model.pb").is_file():
        raise not_a_saved_model(folder)
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
