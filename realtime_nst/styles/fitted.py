"""Style vectors fitted to a picture for one network: kept beside the user's styles, or shipped with the program.

A vector belongs to a picture and to a network's weights. Its file is named after the hashes of both, so it is never
used for an edited picture or a new version of the network: NAME.PICTURE.NETWORK.WEIGHTS.npy.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import OutputError, StyleError
from ..frames import StyleCode
from ..interfaces import Notify
from ..media.paths import write_whole
from .library import Style, shipped_folder, user_folder

HASH_DIGITS = 12


def fitted_folder() -> Path:
    """Return the folder in which `realtime-nst styles fit` keeps vectors."""
    return user_folder().parent / "fitted"


class FittedStyles:
    """The vectors that were fitted for one network.

    Args:
        network: the network's name.
        fingerprint: the hash of its weights; empty: it cannot be fitted, so that there are none.
        say: is told once about each vector of a style that is no longer used, and why.
        folders: where to look, the most important first; None: the user's, then the shipped.
    """

    def __init__(
        self, network: str, fingerprint: str, say: Notify = lambda message: None, folders: Sequence[Path] | None = None
    ) -> None:
        self._network = network
        self._fingerprint = fingerprint
        self._say = say
        self._folders = [fitted_folder(), shipped_folder() / "fitted"] if folders is None else list(folders)
        self._told: set[str] = set()

    def path(self, style: Style) -> Path:
        """Return the file that `keep` writes.

        Raises:
            StyleError: if the picture cannot be read.
        """
        return self._folders[0] / self._file_name(style)

    def find(self, style: Style) -> Path | None:
        """Return the file of a style's vector; None if there is none for its picture and these weights."""
        if not self._fingerprint:
            return None
        name = self._file_name(style)
        return next((folder / name for folder in self._folders if (folder / name).is_file()), None)

    def vector(self, style: Style) -> StyleCode | None:
        """Return a style's vector, or None, after telling why, if the one that there was is stale or damaged."""
        path = self.find(style)
        if path is None:
            self._tell_stale(style)
            return None
        try:
            vector = np.load(path, allow_pickle=False)
            if vector.ndim != 1 or vector.dtype != np.float32 or not np.isfinite(vector).all():
                raise ValueError("it holds no style vector")
        except (OSError, ValueError, EOFError) as error:
            self._tell_once(f"{path} cannot be used ({error}); {_again(style)}")
            return None
        return vector

    def keep(self, style: Style, vector: StyleCode) -> Path:
        """Write a style's vector, whole or not at all, and return its file.

        Raises:
            StyleError: if the picture cannot be read.
            OutputError: if the folder cannot be written.
        """
        path = self.path(style)
        content = io.BytesIO()
        np.save(content, np.asarray(vector, np.float32))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content.getvalue())
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
        return path

    def _file_name(self, style: Style) -> str:
        return f"{style.path.stem}.{picture_hash(style)}.{self._network}.{self._fingerprint}.npy"

    def _tell_stale(self, style: Style) -> None:
        if not self._fingerprint or style.path.parent not in (user_folder(), shipped_folder()):
            return  # Another picture may have the same name.
        picture = picture_hash(style)
        of_name = [
            file.name.rsplit(".", 4)
            for folder in self._folders
            for file in sorted(folder.glob(f"{_escaped(style.path.stem)}.*.{self._network}.*.npy"))
        ]
        if any(parts[1] == picture for parts in of_name):
            self._tell_once(
                f"the fitted {style.name} is not used: it was fitted for another version of {self._network}; "
                + _again(style)
            )
        elif of_name:
            self._tell_once(f"the fitted {style.name} is not used: its picture has changed since; {_again(style)}")

    def _tell_once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._say(message)


def picture_hash(style: Style) -> str:
    """Return a hash of a style's file.

    Raises:
        StyleError: if it cannot be read.
    """
    try:
        return hashlib.sha256(style.path.read_bytes()).hexdigest()[:HASH_DIGITS]
    except OSError as error:
        raise StyleError(f"cannot read {style.path}: {error.strerror or error}") from error


def _again(style: Style) -> str:
    return f"fit it again: realtime-nst styles fit {style.name} --overwrite"


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
