"""Downloads of models, through tensorflow-hub's resolver, into our own cache."""

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

from ..errors import ModelError
from .hub_split import load_module
from .runtimes.cache import cache_folder, filling, size_of

HUB_HANDLE = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
"""Magenta's arbitrary image stylization, version 2, on TensorFlow Hub."""


def fetched(handle: str = HUB_HANDLE) -> Path | None:
    """The folder of a model that has been downloaded; None where it has not."""
    kept = _kept(handle)
    return next((file.parent for file in kept.rglob("saved_model.pb")), None) if kept.is_dir() else None


def fetch_hub(
    handle: str = HUB_HANDLE,
    *,
    timeout: float = 20.0,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Path:
    """The folder of the model at `handle`, downloaded where it is not here yet.

    handle: what tensorflow-hub resolves, such as the URL of a .tar.gz of a SavedModel. timeout: seconds that the
    server may take to connect and between two packets. progress: called with the bytes on disk and, where known,
    all of them. Nothing stays behind of a download that fails or is interrupted. Raises ModelError.
    """
    found = fetched(handle)
    if found:
        return found
    try:
        import tensorflow_hub  # noqa: F401  before the clock starts: it takes seconds
    except ImportError as reason:  # pkg_resources left setuptools in version 82
        raise ModelError(
            f"tensorflow-hub cannot be loaded: {reason}. Mend it with: pip install tensorflow-hub 'setuptools<82'"
        ) from reason
    began = time.monotonic()
    try:
        with filling(_kept(handle)) as partial, _patience(timeout), _watched(partial, progress):
            _resolve(handle, partial)
    except ModelError:
        raise
    except (OSError, EOFError, ValueError, http.client.HTTPException, tarfile.TarError) as reason:
        raise ModelError(_advice(handle, reason, time.monotonic() - began)) from reason
    return fetched(handle)


def _resolve(handle: str, folder: Path) -> None:
    """Let tensorflow-hub download into `folder`; what it brings must load as a style module.

    Loading finds what an archive that ends between two files lacks: to tar that is a whole archive.
    """
    import tensorflow_hub

    before = os.environ.get("TFHUB_CACHE_DIR")
    os.environ["TFHUB_CACHE_DIR"] = str(folder)
    try:
        resolved = Path(tensorflow_hub.resolve(handle))
    finally:
        if before is None:
            del os.environ["TFHUB_CACHE_DIR"]
        else:
            os.environ["TFHUB_CACHE_DIR"] = before
    if folder not in resolved.parents or not (resolved / "saved_model.pb").is_file():
        raise ModelError(
            f"{handle} holds no SavedModel (no saved_model.pb at its top); --model takes a hub handle, the URL of a "
            "SavedModel's .tar.gz, or a FOLDER"
        )
    try:
        load_module(resolved)
    except ModelError as reason:
        raise ModelError(str(reason).replace(str(resolved), handle)) from reason


@contextmanager
def _patience(timeout: float) -> Iterator[None]:
    """Give every socket opened meanwhile a time-out: tensorflow-hub sets none and would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _watched(folder: Path, progress: Callable[[int, int | None], None], every: float = 0.2) -> Iterator[None]:
    """Report how much is on disk while the block runs; tensorflow-hub itself tells nothing."""
    done = threading.Event()

    def watch() -> None:
        most = 0
        while not done.wait(every):
            try:
                most = max(most, size_of(folder))  # tensorflow-hub takes its lock file away at the end
                progress(most, None)
            except OSError:
                pass  # a file was renamed between listing and looking

    watcher = threading.Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _kept(handle: str) -> Path:
    return cache_folder() / "models" / hashlib.sha1(handle.encode()).hexdigest()[:16]


def _advice(handle: str, reason: BaseException, seconds: float) -> str:
    words = str(reason).removeprefix("<urlopen error ").removesuffix(">") or type(reason).__name__
    return (
        f"cannot fetch {handle}: {words} (gave up after {seconds:.0f} s). "
        "Three ways on: `realtime-nst models --fetch hub` again when there is a connection; --model FOLDER with a "
        "SavedModel that you have; --model fast, which needs no download"
    )
