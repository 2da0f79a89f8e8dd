"""The file of feature weights: checked or downloaded before Keras, which takes seconds to load, is imported."""

from __future__ import annotations

import hashlib
import os
import secrets
import urllib.request
import zipfile
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from ..errors import ModelError

VGG19_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
)
VGG19_MD5 = "253f8cb515780f3b799900260a226db6"
"""As Keras checks it."""

FIRST_ARRAY = "block1_conv1_kernel.npy"


def keras_file() -> Path:
    """Return the file in which Keras keeps the weights of VGG-19, whether it is there or not."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models" / VGG19_URL.rsplit("/", 1)[1]


def ensure_features(
    path: Path | None,
    say: Callable[[str], None] = lambda message: None,
    *,
    url: str = VGG19_URL,
    md5: str = VGG19_MD5,
    timeout: float = 20.0,
) -> None:
    """Check that `vgg.load_features(path)` will find weights; download VGG-19 into Keras's cache if it has to.

    Args:
        path: an npz file; None: Keras's VGG-19.
        say: is told before a download.
        url: where VGG-19 is downloaded from.
        md5: the checksum of that file.
        timeout: seconds that the server may take to connect, and between two packets.

    Raises:
        ModelError: if the file is missing or holds something else, or the weights cannot be downloaded; it says both
            ways to get them.
    """
    if path is not None:
        _check(path)
        return
    file = keras_file()
    if file.is_file():
        return
    say(f"downloading the feature network VGG-19 (80 MB, once) to {file}")
    partial = file.with_name(f"{secrets.token_hex(8)}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.md5(usedforsecurity=False)
        with urllib.request.urlopen(url, timeout=timeout) as answer, partial.open("xb") as out:
            while piece := answer.read(1 << 20):
                digest.update(piece)
                out.write(piece)
        if digest.hexdigest() != md5:
            raise OSError("the file that came is not the one that Keras publishes")
        partial.replace(file)
    except (OSError, ValueError, HTTPException) as error:
        raise ModelError(
            f"a fit needs the feature network VGG-19, which cannot be downloaded: {_cause(error)}. There are two ways: "
            "run this once with a connection, which downloads it for good; or give a file of VGG-16 or VGG-19 weights "
            "with --features FILE.npz (docs/quality.md says how to make one)"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as file:
            if FIRST_ARRAY not in file.namelist():
                raise ValueError(f"it has no array {FIRST_ARRAY.removesuffix('.npy')}")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"cannot read the feature weights {path}: {getattr(error, 'strerror', None) or error}; give an npz file of "
            "VGG weights (arrays block1_conv1_kernel, block1_conv1_bias, ...), or leave --features out to download them"
        ) from error


def _cause(error: BaseException) -> str:
    return str(error).removeprefix("<urlopen error ").removesuffix(">") or type(error).__name__
