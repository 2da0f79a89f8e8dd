"""Still pictures: every photo in every style, each file written completely or not at all."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..errors import SourceError
from ..frames import RenderParams, StyleCode
from ..media.images import SUFFIXES, images_in, read_image, write_image
from ..styles.library import Style
from ..stylizer import Stylizer
from .plan import Kind


def _photo_name(photo: Path, style: str, _: bool) -> str:
    # A photo is recognized by its content, so its name may have any ending.
    suffix = photo.suffix if photo.suffix.lower() in SUFFIXES else ".png"
    return f"{photo.stem}-{style}{suffix}"


PHOTO = Kind("photo", SUFFIXES, _photo_name)


def find_photos(requested: Iterable[str]) -> list[Path]:
    """Return the picture files that files, folders and patterns (`*.jpg`) stand for.

    Raises:
        SourceError: if one of them stands for nothing.
    """
    photos: list[Path] = []
    for name in requested:
        path = Path(name)
        if path.is_dir():
            found = images_in(path)
            if not found:
                raise SourceError(f"the folder {path} holds no pictures ({', '.join(SUFFIXES)})")
        elif path.exists():
            found = [path]
        else:
            found = [Path(match) for match in sorted(glob.glob(name)) if Path(match).suffix.lower() in SUFFIXES]
            if not found:
                raise SourceError(f"there is no picture {name}")
        photos += found
    return photos


def stylize_photos(
    plan: Sequence[tuple[Path, Style, Path]],
    stylizer: Stylizer,
    render: RenderParams,
    on_written: Callable[[Path], None] = lambda path: None,
) -> None:
    """Make the pictures of a plan, encoding each style once.

    Args:
        plan: (photo, style, file to write); see `plan_outputs`.
        render: how each picture is rendered; its code is replaced by the style's.
        on_written: called with each file written.

    Raises:
        SourceError: if a photo cannot be read; nothing was written.
    """
    photos = dict.fromkeys(photo for photo, _, _ in plan)
    for photo in photos:
        read_image(photo)  # a check only: all of them together may not fit into memory
    codes: dict[Path, StyleCode] = {}
    for photo in photos:
        image = read_image(photo)
        for style, target in ((style, target) for planned, style, target in plan if planned == photo):
            if style.path not in codes:
                codes[style.path] = stylizer.encode(style.read())
            stylized = stylizer.begin(image, render._replace(code=codes[style.path]))()
            on_written(write_image(target, stylized))
