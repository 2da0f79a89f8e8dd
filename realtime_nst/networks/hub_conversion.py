"""The conversion of a hub module to OpenVINO's format: done once per computer, checked, and kept in the cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from .._isolated import run_isolated
from ..errors import ModelError
from ..media.resize import resize
from .base import Say
from .hub_parts import OpenVinoParts, TensorFlowParts, openvino_release
from .hub_split import Module, load_module, not_a_saved_model, run_whole, split
from .runtimes.base import first_line
from .runtimes.cache import cache_folder, filling
from .runtimes.devices import openvino_core

SUMS = "sums.json"
"""The file with the checksums of the others in a converted model's folder."""

CODE = "a SavedModel is a program and may do whatever you may; use only those of people whom you trust"
"""What is said about a model that was never used before."""

FORMAT = 2
"""Number of the layout of a converted model's folder."""


def converted(folder: Path, say: Say = lambda message: None) -> Path:
    """Return the folder of a module's parts in OpenVINO's format; make it with TensorFlow if it is not in the cache.

    The cache is keyed by a hash of the module's files and by OpenVINO's version. The folder holds encode.xml,
    transform.xml, parts.json, and the checksums of these files: a damaged one is made again.

    Args:
        folder: where the SavedModel is.
        say: receives a sentence before a conversion.

    Raises:
        ModelError: if the folder holds no style module, or the cache cannot be written.
        RuntimeError: if OpenVINO cannot run the module, or its result differs from TensorFlow's.
        ImportError: if OpenVINO is not installed.
    """
    import openvino

    module_hash = _hash(folder)
    entry = cache_folder() / "converted" / f"{module_hash}-{openvino_release(openvino.__version__)}-{FORMAT}"
    if is_intact(entry):
        return entry
    try:
        if entry.exists():
            say(f"the prepared model in {entry} is damaged: it is made again")
            _remove(entry)
        say_first_use(folder, module_hash, say)
        say(f"Preparing {folder} for this computer: once, half a minute or less")
        with filling(entry) as partial:
            run_isolated("networks.hub_conversion:make", str(folder), str(partial), name=str(folder))
            seal(partial)
        remember(folder)
    except OSError as error:
        raise ModelError(
            f"cannot keep the converted model in {entry.parent}: {error.strerror or error}. "
            "Free some space or name a writable folder: REALTIME_NST_CACHE=FOLDER realtime-nst ..."
        ) from error
    return entry


def make(folder: str, target: str) -> None:
    """Convert the module in `folder` into the empty folder `target`; called in a process of its own.

    Raises:
        ModelError: if it is no style module, or does not work.
        RuntimeError: if OpenVINO cannot run it, or computes something else than TensorFlow.
    """
    loaded = load_module(Path(folder))
    run_whole(loaded, folder)
    try:
        module = split(loaded)
    except Exception as error:  # whatever TensorFlow raises for a graph that it runs and cannot freeze
        raise ModelError(f"{folder} does not work: {first_line(error)}") from error
    _convert(module, Path(target))
    _compare(OpenVinoParts(Path(target)), TensorFlowParts(module, "/CPU:0", "CPU"))


def say_first_use(model: object, module_hash: str, say: Say) -> None:
    """Warn about a model that was never used on this computer."""
    if not _marker(module_hash).exists():
        say(f"{model} is used for the first time: {CODE}")


def remember(folder: Path) -> None:
    """Note that a model works and has been used. Without room for that, it is checked again next time."""
    with contextlib.suppress(OSError):
        marker = _marker(_hash(folder))
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


def checked(folder: Path, say: Say) -> None:
    """Let a module run in a process of its own if it was never used before, so that its faults end only that one.

    Raises:
        ModelError: if it does not work.
    """
    module_hash = _hash(folder)
    if _marker(module_hash).exists():
        return
    say_first_use(folder, module_hash, say)
    try:
        run_isolated("networks.hub_split:check_module", str(folder), name=str(folder))
    except (RuntimeError, OSError) as error:
        raise ModelError(f"{folder} does not work: {error}") from error
    remember(folder)


def _marker(module_hash: str) -> Path:
    return cache_folder() / "used" / module_hash


def seal(folder: Path) -> None:
    """Note the checksums of the files in a folder, for `is_intact`. Raises OSError."""
    (folder / SUMS).write_text(json.dumps(_sums(folder)), encoding="utf-8")


def is_intact(folder: Path) -> bool:
    """Return whether a folder holds exactly what it held when it was sealed."""
    try:
        return json.loads((folder / SUMS).read_text(encoding="utf-8")) == _sums(folder)
    except (OSError, ValueError, RecursionError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    files = [file for file in folder.iterdir() if file.name != SUMS]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


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
