"""Styles by name: the images shipped with the program, the user's own, and any file or folder."""

from __future__ import annotations

import difflib
import os
import sys
import time
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import platformdirs

from .. import _arguments
from ..errors import OutputError, StyleError
from ..frames import Image
from ..media.images import MAX_PIXELS, READ_SUFFIXES, decode_image, images_in, read_image, write_image
from ..media.resize import resize

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]  only Python 3.10 has it installed


@dataclass(frozen=True)
class Style:
    """A style image and what is known about it."""

    name: str
    path: Path
    title: str = ""
    after: str = ""
    """The artist or school whose manner it follows (shipped styles)."""
    year: int | None = None
    """The year of the work that it follows."""
    made: str = ""
    """The command that made the image (shipped styles)."""

    def read(self) -> Image:
        """Return the image, uint8 BGR.

        Raises:
            StyleError: if it cannot be read.
        """
        return read_image(self.path, StyleError)


def shipped_styles() -> list[Style]:
    """Return the styles that ship with the program, in the order of styles.toml."""
    folder = shipped_folder()
    text = (folder / "styles.toml").read_text(encoding="utf-8")
    table = cast("dict[str, dict[str, Any]]", tomllib.loads(text))  # pyright: ignore[reportUnknownMemberType]
    return [
        Style(
            name=name,
            path=folder / entry["file"],
            title=entry.get("title", ""),
            after=entry.get("after", ""),
            year=entry.get("year"),
            made=entry.get("made", ""),
        )
        for name, entry in table.items()
    ]


def user_folder() -> Path:
    """Return the folder in which `realtime-nst styles add` keeps the user's own styles."""
    return platformdirs.user_data_path("realtime-nst", appauthor=False) / "styles"


def user_styles(folder: Path | None = None) -> list[Style]:
    """Return the styles that the user has added, sorted by name.

    Args:
        folder: where to look; None: `user_folder()`.
    """
    folder = folder or user_folder()
    return [Style(path.stem, path) for path in images_in(folder)] if folder.is_dir() else []


def find_styles(names: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ()) -> list[Style]:
    """Find styles.

    Args:
        names: names of styles, image files and folders of image files, in any mix, or only one of them. Empty: every
            shipped and user style.

    Returns:
        The styles in the order of `names`; a folder stands for all of its images.

    Raises:
        StyleError: if a name is unknown (the message suggests the nearest ones), a file unreadable or a folder empty.
        ArgumentError: if `names` holds anything else.
    """
    if not isinstance(names, Iterable) or isinstance(names, str):
        names = [names]
    names = [
        name if isinstance(name, str) else str(_arguments.path("a style given by its file", name)) for name in names
    ]
    known = {style.name: style for style in [*shipped_styles(), *user_styles()]}
    if not names:
        return list(known.values())
    return [style for name in names for style in _find(name, known)]


def find_style(name: str) -> Style:
    """Return the one style that `name` stands for: a style's name, an image file, or a folder of one image.

    Raises:
        StyleError: as `find_styles`, and if a folder holds several pictures.
    """
    found = find_styles([name])
    if len(found) > 1:
        raise StyleError(f"the style folder {name} holds {len(found)} pictures; give one picture file of it")
    return found[0]


def reference(style: Style) -> str:
    """Return what finds a style again, from any folder: its name if it is in the library, else its file."""
    known = {each.name: each.path for each in [*shipped_styles(), *user_styles()]}
    return style.name if known.get(style.name) == style.path else str(style.path.absolute())


def _find(name: str, known: dict[str, Style]) -> list[Style]:
    if name in known:
        return [known[name]]
    path = Path(name)
    if path.is_dir():
        passed_over: list[str] = []
        styles = [Style(file.stem, file) for file in images_in(path, passed_over.append)]
        if not styles:
            reason = "; ".join(passed_over) or ", ".join(READ_SUFFIXES)
            raise StyleError(f"the style folder {path} holds no pictures that can be read ({reason})")
        return styles
    if path.exists():
        style = Style(path.stem, path)
        style.read()
        return [style]
    if path.suffix.lower() in READ_SUFFIXES or len(path.parts) > 1:
        raise StyleError(f"there is no style picture {name}; `realtime-nst styles` lists the styles there are")
    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise StyleError(
        f"there is no style '{name}': {hint}`realtime-nst styles` lists them; or give a picture file or a folder"
    )


def add_style(
    source: str,
    name: str | None = None,
    folder: Path | None = None,
    *,
    overwrite: bool = False,
    max_bytes: int = 32 << 20,
    max_side: int = 1024,
    max_pixels: int = MAX_PIXELS,
    timeout: float = 15.0,
) -> Style:
    """Copy an image into the user's styles.

    It is decoded and encoded again as PNG, so that nothing but pixels enters the folder.

    Args:
        source: a file or an http(s) URL.
        name: what to call the style; None: as the file is called.
        folder: where the user's styles are; None: `user_folder()`.
        overwrite: replace a style of that name.
        max_bytes: size of the largest file that is accepted.
        max_side: long side, in pixels, to which larger images are scaled down.
        max_pixels: number of pixels of the largest image that is accepted.
        timeout: seconds that the server may take to connect, and between two packets; four times as long in all.

    Raises:
        StyleError: if the file is not an image, too large, or cannot be read or downloaded, or the name is taken or
            not allowed.
        OutputError: if the folder cannot be written.
    """
    address = urllib.parse.urlparse(source)
    is_url = address.scheme in ("http", "https")
    name = name or Path(urllib.parse.unquote(address.path) if is_url else source).stem
    _check_name(name)
    folder = folder or user_folder()
    if not overwrite and name in {style.name for style in user_styles(folder)}:
        raise StyleError(f"you have a style '{name}'; add --overwrite to replace it, or choose another --name")
    path = folder / f"{name}.png"
    if is_url:
        image = decode_image(_download(source, max_bytes, timeout), source, StyleError, max_pixels=max_pixels)
    else:
        image = _load(Path(source), max_bytes, max_pixels)
        if path.exists() and path.samefile(source):
            raise StyleError(f"{source} is itself the style '{name}'; choose another name with `--name`")
    scale = min(max_side / max(image.shape[:2]), 1.0)
    image = resize(image, (max(round(image.shape[0] * scale), 1), max(round(image.shape[1] * scale), 1)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the style folder {folder}: {error.strerror or error}") from error
    return Style(name, write_image(path, image))


def remove_style(name: str) -> Path:
    """Delete one of the user's styles; return the path of the file that was deleted.

    Raises:
        StyleError: if the user has no such style.
        OutputError: if it cannot be deleted.
    """
    path = _own_style(name).path
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(f"cannot remove {path}: {error.strerror or error}") from error
    return path


def rename_style(name: str, new_name: str) -> Style:
    """Rename one of the user's styles.

    Raises:
        StyleError: if the user has no style `name`, or `new_name` is taken or not allowed.
        OutputError: if it cannot be renamed.
    """
    style = _own_style(name)
    _check_name(new_name)
    if new_name in {each.name for each in user_styles()}:
        raise StyleError(f"you have a style '{new_name}'; remove it first, or choose another name")
    path = style.path.with_name(f"{new_name}{style.path.suffix}")
    try:
        style.path.rename(path)
    except OSError as error:
        raise OutputError(f"cannot rename {style.path}: {error.strerror or error}") from error
    return Style(new_name, path)


def _own_style(name: str) -> Style:
    own = {style.name: style for style in user_styles()}
    if name in own:
        return own[name]
    if name in {style.name for style in shipped_styles()}:
        raise StyleError(f"'{name}' comes with the program; only styles that you added can be changed")
    near = difflib.get_close_matches(name, own, n=3)
    raise StyleError(f"you have added no style '{name}'" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _check_name(name: str) -> None:
    """Raise StyleError unless a style of the user may be called `name`."""
    if not name or name != Path(name).name or name.startswith(".") or any(c in name for c in '<>:"/\\|?*'):
        raise StyleError(f"'{name}' cannot be a style's name; choose another one")
    if name in {style.name for style in shipped_styles()}:
        raise StyleError(f"'{name}' is a style that comes with the program; choose another name")


def _load(path: Path, max_bytes: int, max_pixels: int) -> Image:
    try:
        too_large = path.stat().st_size > max_bytes
    except OSError as error:
        raise StyleError(f"cannot read {path}: {error.strerror or error}") from error
    if too_large:
        raise StyleError(f"{path} is larger than {max_bytes >> 20} MB; scale it down first")
    return read_image(path, StyleError, max_pixels=max_pixels)


def _download(url: str, max_bytes: int, timeout: float) -> bytes:
    import http.client
    import urllib.request  # takes longer to import than the rest of this module

    deadline = time.monotonic() + 4 * timeout
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            data = bytearray()
            while len(data) <= max_bytes and (piece := answer.read1(1 << 16)):
                data += piece
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the server is too slow: {len(data)} bytes in {4 * timeout:.0f} s")
            missing = answer.length
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StyleError(
            f"cannot download {url}: {error}; download it with a browser and add the file instead"
        ) from error
    if len(data) > max_bytes:
        raise StyleError(f"{url} is larger than {max_bytes >> 20} MB; scale it down first")
    if missing:
        raise StyleError(f"{url} broke off {missing} bytes before its end; try again")
    return bytes(data)


def shipped_folder() -> Path:
    """Return the folder of the shipped images: inside an installed package, or at the top level of a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "shipped_styles"
    return installed if installed.is_dir() else here.parent / "styles"
