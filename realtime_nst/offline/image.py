"""Still pictures: every photo in every style, each file written completely or not at all."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from ..errors import RunError, SourceError, StylizeError
from ..frames import Image, RenderParams, StyleCode
from ..interfaces import Notify
from ..media.images import (
    ALPHA_SUFFIXES,
    HEIC_SUFFIXES,
    MAX_PIXELS,
    READ_SUFFIXES,
    SUFFIXES,
    Photo,
    images_in,
    over_white,
    read_photo,
    readable,
    write_image,
)
from ..media.paths import check_overwrite
from ..styles.library import Style
from ..stylizer import Stylizer
from .plan import Kind


def _photo_name(photo: Path, style: str, _: bool) -> str:
    # A photo is recognized by its content, so its name may have any ending.
    ending = photo.suffix.lower()
    suffix = photo.suffix if ending in SUFFIXES else ".jpg" if ending in HEIC_SUFFIXES else ".png"
    return f"{photo.stem}-{style}{suffix}"


PHOTO = Kind("photo", SUFFIXES, _photo_name)


def find_photos(requested: Iterable[str], say: Notify = lambda message: None) -> list[Path]:
    """Return the image files that the requested files, folders and patterns (`*.jpg`) name.

    Args:
        requested: files, folders and patterns.
        say: receives a sentence about files of a folder or pattern that are skipped because they cannot be read here.

    Raises:
        SourceError: if one of them names no image file.
    """
    photos: list[Path] = []
    for name in requested:
        path = Path(name)
        if path.is_dir():
            found = images_in(path, say)
            if not found:
                raise SourceError(f"the folder {path} holds no pictures that can be read ({', '.join(READ_SUFFIXES)})")
            deeper = sum(1 for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
            if deeper:
                say(f"{path}: its subfolders are left out ({deeper}); to use their pictures, name them too: {path}/*/")
        elif path.exists():
            found = [path]
        else:
            found = readable([Path(match) for match in sorted(glob.glob(name))], say)
            if not found:
                raise SourceError(f"there is no picture {name}")
        photos += found
    return photos


def stylize_photos(
    plan: Sequence[tuple[Path, Style, Path]],
    stylizer: Stylizer,
    render: RenderParams,
    on_written: Callable[[Path], None] = lambda path: None,
    *,
    say: Notify = lambda message: None,
    keep_going: bool = False,
    max_pixels: int = MAX_PIXELS,
    overwrite: bool = True,
) -> None:
    """Write the images of a plan, encoding each style once.

    An output keeps its photo's EXIF block (see `kept_exif`), resolution and transparency, as far as its format can hold
    them; `say` receives a sentence about anything that is lost.

    Args:
        plan: (photo, style, file to write); see `plan_outputs`.
        stylizer: renders the images.
        render: how to render each image; the style's code replaces its code.
        on_written: called with each file written.
        say: receives notices, one sentence each.
        keep_going: if a photo fails, continue with the next one.
        max_pixels: number of pixels of the largest photo that is read.
        overwrite: whether an output may replace a file, such as one that another run has written in the meantime.

    Raises:
        SourceError: if a photo cannot be read; nothing was written.
        OutputError: if a file cannot be written, or exists although `overwrite` is false.
        RunError: with `keep_going`, if photos failed, after the others.
    """
    photos = {photo: [(style, target) for planned, style, target in plan if planned == photo] for photo, _, _ in plan}
    failures: dict[Path, StylizeError] = {}
    several: list[Path] = []
    losses: dict[str, Path] = {}
    for path, outputs in photos.items():  # only a check: all photos together may not fit into memory
        try:
            photo = read_photo(path, max_pixels=max_pixels)
        except SourceError as error:
            if not keep_going:
                raise
            failures[path] = error
            continue
        if photo.several:
            several.append(path)
        for _, target in outputs:
            for loss in _losses(photo, target):
                losses.setdefault(loss, path)
    if several:
        others = f" and {len(several) - 1} more" if len(several) > 1 else ""
        say(f"{several[0].name}{others}: only the first of several pictures (frames, pages) in the file is used")
    for loss, path in losses.items():
        say(f"{path.name}: {loss}")
    codes: dict[Path, StyleCode] = {}
    for path, outputs in photos.items():
        if path in failures:
            continue
        try:
            photo = read_photo(path, max_pixels=max_pixels)
            for style, target in outputs:
                if style.path not in codes:
                    codes[style.path] = stylizer.encode_style(style)
                params = render._replace(code=codes[style.path])
                on_written(_stylize(photo, target, stylizer, params, overwrite=overwrite))
        except StylizeError as error:
            if not keep_going:
                raise
            failures[path] = error
    for path, error in failures.items():
        say(str(error) if path.name in str(error) else f"{path.name}: {error}")
    if failures:
        raise RunError(f"{len(failures)} of {len(photos)} photos failed, the others are done; see above")


def _stylize(photo: Photo, target: Path, stylizer: Stylizer, render: RenderParams, *, overwrite: bool) -> Path:
    alpha = photo.alpha if target.suffix.lower() in ALPHA_SUFFIXES else None
    content = over_white(photo.pixels) if alpha is None else _opaque(photo.pixels)
    stylized = stylizer.begin(content, render)()
    check_overwrite(target, overwrite)
    return write_image(target, stylized, alpha=alpha, exif=photo.exif, dpi=photo.dpi)


def _opaque(bgra: Image) -> Image:
    """Return the colours of an image whose transparency is kept: white where it is fully transparent."""
    return np.where(bgra[..., 3:] == 0, np.uint8(255), bgra[..., :3])


def _losses(photo: Photo, target: Path) -> list[str]:
    """Describe the properties of `photo` that the format of `target` cannot hold."""
    ending = target.suffix.lower()
    losses: list[str] = []
    if photo.alpha is not None and ending not in ALPHA_SUFFIXES:
        losses.append(f"{ending} files hold no transparency, so it is laid over white; {', '.join(ALPHA_SUFFIXES)} do")
    if photo.exif and ending == ".bmp":
        losses.append(".bmp files hold no camera data (EXIF), which is left out")
    return losses
