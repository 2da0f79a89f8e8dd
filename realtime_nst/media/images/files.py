"""Find the image files by their extensions, and those of them that can be read here."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import features

from ...errors import SourceError
from ...extras import install_command

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""Extensions of the image files that can be written, in lower case."""
HEIC_SUFFIXES = (".heic", ".heif", ".hif")
READ_SUFFIXES = (*SUFFIXES, ".gif", ".apng", ".avif", *HEIC_SUFFIXES)
"""Extensions of the image files that are searched for in a folder, in lower case."""
ALPHA_SUFFIXES = (".png", ".webp", ".tif", ".tiff")
"""Extensions of the image files that can hold transparency, in lower case."""
HEIC_ADVICE = f"HEIC needs pi-heif: {install_command('heic')}"


def images_in(folder: Path, notify: Callable[[str], None] = lambda message: None) -> list[Path]:
    """Return the image files directly in a folder, sorted by name, without hidden ones.

    Args:
        folder: the folder.
        notify: receives a sentence about files that are skipped because they cannot be read here.

    Raises:
        SourceError: if the folder cannot be read.
    """
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_dir()]
        return readable(sorted(files), notify)
    except OSError as reason:
        raise SourceError(f"cannot read the folder {folder}: {reason.strerror or reason}") from reason


def readable(paths: Iterable[Path], notify: Callable[[str], None]) -> list[Path]:
    """Return those of `paths` whose extension is that of a readable image file; see `images_in`."""
    found: list[Path] = []
    passed_over: Counter[str] = Counter()
    for path in paths:
        ending = path.suffix.lower()
        if ending in HEIC_SUFFIXES and not can_read_heic():
            passed_over[HEIC_ADVICE] += 1
        elif ending == ".avif" and not features.check("avif"):
            passed_over["AVIF needs another build of Pillow: pip install --upgrade pillow"] += 1
        elif ending in READ_SUFFIXES:
            found.append(path)
    for advice, number in passed_over.items():
        notify(f"{number} picture{'s' if number > 1 else ''} passed over: {advice}")
    return found


def can_read_heic() -> bool:
    """Return whether the extra heic is installed."""
    return importlib.util.find_spec("pi_heif") is not None
