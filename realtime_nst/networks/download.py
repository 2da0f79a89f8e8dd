"""Downloads of models through tensorflow-hub's resolver, into our own cache."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from ..errors import ModelError
from .hub_split import load_module
from .runtimes.cache import cache_folder, filling, size_of

HUB_HANDLE = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
"""Magenta's arbitrary image stylization, version 2, on TensorFlow Hub."""

Progress: TypeAlias = Callable[[int, "int | None"], None]
"""Called with the bytes on disk and, if known, the total."""


def fetched(handle: str = HUB_HANDLE) -> Path | None:
    """Return the folder of a downloaded model; None if it has not been downloaded."""
    entry = _cache_entry(handle)
    return next((file.parent for file in entry.rglob("saved_model.pb")), None) if entry.is_dir() else None


def fetch_hub(
    handle: str = HUB_HANDLE, *, timeout: float = 20.0, progress: Progress = lambda done, total: None
) -> Path:
    """Return the folder of a model; download it first if it is not in the cache.

    A download that fails or is interrupted leaves nothing behind.

    Args:
        handle: a handle that tensorflow-hub resolves, such as the URL of a SavedModel's .tar.gz.
        timeout: seconds that the server may take to connect, and between two packets.
        progress: receives the bytes on disk while the download runs.

    Raises:
        ModelError: if the model cannot be downloaded, or is not a style module.
    """
    found = fetched(handle)
    if found:
        return found
    try:
        import tensorflow_hub  # noqa: F401  imported before the clock starts, because it takes seconds
    except ImportError as error:  # setuptools 82 dropped pkg_resources
        raise ModelError(
            f"tensorflow-hub cannot be loaded: {error}. Fix it with: pip install tensorflow-hub 'setuptools<82'"
        ) from error
    started = time.monotonic()
    entry = _cache_entry(handle)
    try:
        with filling(entry) as partial, _socket_timeout(timeout), _reported_size(partial, progress):
            model = _resolve(handle, partial).relative_to(partial)
    except ModelError:
        raise
    except (OSError, EOFError, ValueError, http.client.HTTPException, tarfile.TarError) as error:
        raise ModelError(_advice(handle, error, time.monotonic() - started)) from error
    return entry / model


def _resolve(handle: str, folder: Path) -> Path:
    """Let tensorflow-hub download into `folder`; return the model's own folder.

    The model is loaded as a check: to tar, an archive that was cut off between two files is complete.
    """
    import tensorflow_hub

    previous = os.environ.get("TFHUB_CACHE_DIR")
    os.environ["TFHUB_CACHE_DIR"] = str(folder)
    try:
        resolved = Path(tensorflow_hub.resolve(handle))
    finally:
        if previous is None:
            del os.environ["TFHUB_CACHE_DIR"]
        else:
            os.environ["TFHUB_CACHE_DIR"] = previous
    if folder not in resolved.parents or not (resolved / "saved_model.pb").is_file():
        raise ModelError(
            f"{handle} holds no SavedModel (no saved_model.pb at its top); --model takes a hub handle, the URL of a "
            "SavedModel's .tar.gz, or a FOLDER"
        )
    try:
        load_module(resolved)
    except ModelError as error:
        raise ModelError(str(error).replace(str(resolved), handle)) from error
    return resolved


@contextmanager
def _socket_timeout(timeout: float) -> Iterator[None]:
    """Set the default timeout of new sockets: tensorflow-hub sets none and would wait forever."""
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)
    try:
        yield
    finally:
        socket.setdefaulttimeout(previous)


@contextmanager
def _reported_size(folder: Path, progress: Progress, interval: float = 0.2) -> Iterator[None]:
    """Report the size of `folder` every `interval` seconds, because tensorflow-hub reports no progress."""
    done = threading.Event()

    def report() -> None:
        largest = 0
        while not done.wait(interval):
            try:
                largest = max(largest, size_of(folder))  # it shrinks when tensorflow-hub removes its lock file
                progress(largest, None)
            except OSError:
                pass  # a file was renamed while the folder was listed

    reporter = threading.Thread(target=report, name="download-progress", daemon=True)
    reporter.start()
    try:
        yield
    finally:
        done.set()
        reporter.join()


def _cache_entry(handle: str) -> Path:
    return cache_folder() / "models" / hashlib.sha1(handle.encode()).hexdigest()[:16]


def _advice(handle: str, error: BaseException, seconds: float) -> str:
    cause = str(error).removeprefix("<urlopen error ").removesuffix(">") or type(error).__name__
    return (
        f"cannot download {handle}: {cause} (gave up after {seconds:.0f} s). "
        "There are three ways to go on: run `realtime-nst models --fetch hub` again when there is a connection; "
        "give a SavedModel that you have with --model FOLDER; or use --model fast, which needs no download"
    )
