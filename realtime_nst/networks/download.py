"""Downloads of models, from TensorFlow Hub or any server, into our own cache."""

from __future__ import annotations

import hashlib
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import IO

from .._isolated import run_isolated
from ..errors import ModelError
from .archive import Progress, UnreachableError, download, unpack
from .hub_conversion import remember
from .runtimes.cache import cache_folder, filling

HUB_HANDLE = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
"""Magenta's arbitrary image stylization, version 2, on TensorFlow Hub."""


def fetched(handle: str = HUB_HANDLE) -> Path | None:
    """Return the folder of a downloaded model; None if it has not been downloaded."""
    entry = _cache_entry(_split(handle)[0])
    return next((file.parent for file in entry.rglob("saved_model.pb")), None) if entry.is_dir() else None


def fetch_hub(
    handle: str = HUB_HANDLE, *, timeout: float = 20.0, progress: Progress = lambda done, total: None
) -> Path:
    """Return the folder of a model; download it first if it is not in the cache.

    A download that fails or is interrupted leaves nothing behind.

    Args:
        handle: a model on TensorFlow Hub, or the URL of a SavedModel's .tar.gz; "#sha256=DIGITS" at its end is the
            archive's checksum, without which http is refused.
        timeout: seconds that the server may take to connect, and between two packets.
        progress: receives the bytes so far while the download runs.

    Raises:
        ModelError: if the model cannot be downloaded, is not the one of the checksum, or is not a style module.
    """
    url, checksum = _split(handle)
    scheme = url.partition("://")[0].lower()
    if scheme not in ("https", "http"):
        raise ModelError(f"cannot download {url}: give an https address, or download it and give --model FOLDER")
    if scheme == "http" and not checksum:
        raise ModelError(
            f"{url} is not encrypted, so anybody on the way could exchange the model, which is a program: give its "
            "checksum with --sha256 DIGITS (`sha256sum FILE` prints it), or an https address"
        )
    found = fetched(url)
    if found:
        _check(url, checksum, checksum_of(url))
        return found
    entry = _cache_entry(url)
    started = time.monotonic()
    try:
        with filling(entry) as partial:
            with tempfile.TemporaryFile(dir=partial) as file:
                digest = download(url, file, plain_http=bool(checksum), timeout=timeout, progress=progress)
                _check(url, checksum, digest)
                _unpack_model(file, partial, url)
            (partial / "archive.sha256").write_text(digest)
    except UnreachableError as error:
        raise ModelError(_advice(url, error, time.monotonic() - started)) from error
    except OSError as error:
        raise ModelError(
            f"cannot keep {url} in {entry.parent}: {error.strerror or error}. "
            "Free some space or name a writable folder: REALTIME_NST_CACHE=FOLDER realtime-nst ..."
        ) from error
    remember(entry / "model")
    return entry / "model"


def checksum_of(handle: str) -> str | None:
    """Return the SHA-256 of the archive that a downloaded model came from; None if it is not known."""
    try:
        return (_cache_entry(_split(handle)[0]) / "archive.sha256").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def with_checksum(model: str, digits: str) -> str:
    """Return the value of `--model` with the checksum of its archive, SHA-256 in hexadecimal digits.

    Raises:
        ModelError: if `model` is not a URL, or `digits` are not a checksum.
    """
    if "://" not in model:
        raise ModelError(f"--sha256 is the checksum of an archive: give it with --model URL, not with {model}")
    if len(digits) != 64 or not all(digit in "0123456789abcdef" for digit in digits.lower()):
        raise ModelError(f"--sha256 has 64 hexadecimal digits, not {digits!r}; `sha256sum FILE` prints them")
    return f"{model.partition('#')[0]}#sha256={digits.lower()}"


def _split(handle: str) -> tuple[str, str]:
    """Return the address and the checksum in a handle; "" if it has none."""
    url, fragment = urllib.parse.urldefrag(handle)
    return url, fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""


def _check(url: str, expected: str, found: str | None) -> None:
    if expected and found != expected:
        raise ModelError(
            f"{url} is not the model of that checksum: its SHA-256 is {found or 'unknown'}; do not use it, or find out "
            "why it has changed"
        )


def _unpack_model(file: IO[bytes], partial: Path, url: str) -> None:
    """Unpack an archive into `partial`/model, and let the model run: what breaks off between two files is complete."""
    file.seek(0)
    model = partial / "model"
    model.mkdir()
    unpack(file, model, url)
    if not (model / "saved_model.pb").is_file():
        raise ModelError(
            f"{url} holds no SavedModel (no saved_model.pb at its top); --model takes a hub handle, the URL of a "
            "SavedModel's .tar.gz, or a FOLDER"
        )
    try:
        run_isolated("networks.hub_split:check_module", str(model), name=url)
    except ModelError as error:
        raise ModelError(str(error).replace(str(model), url)) from error
    except RuntimeError as error:
        raise ModelError(f"{url} does not work: {error}") from error


def _cache_entry(url: str) -> Path:
    return cache_folder() / "models" / hashlib.sha1(url.encode()).hexdigest()[:16]


def _advice(handle: str, error: BaseException, seconds: float) -> str:
    again = "run `realtime-nst models --fetch hub` again" if handle == HUB_HANDLE else "try again"
    return (
        f"cannot download {handle}: {error} (gave up after {seconds:.0f} s). "
        f"There are three ways to go on: {again} when there is a connection; "
        "give a SavedModel that you have with --model FOLDER; or use --model fast, which needs no download"
    )
