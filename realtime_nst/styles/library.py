"""Styles by name: the pictures shipped with the program, the user's own, and any file or folder."""

from __future__ import annotations

import difflib
import sys
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ..errors import OutputError, StyleError
from ..frames import Image
from ..media.images import SUFFIXES, decode_image, images_in, read_image, write_image

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Style:
    """A style picture and what is known of it."""

    name: str
    path: Path
    title: str = ""
    after: str = ""
    year: int | None = None
    made: str = ""
    """The command that made the picture (shipped styles)."""

    def read(self) -> Image:
        """The picture, uint8 BGR. Raises StyleError where it cannot be read."""
        return read_image(self.path, StyleError)


def shipped_styles() -> list[Style]:
    """The styles that come with the program, in the order of styles.toml."""
    folder = _shipped_folder()
    table = tomllib.loads((folder / "styles.toml").read_text(encoding="utf-8"))
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
    """Where `realtime-nst styles add` keeps the user's own styles."""
    return platformdirs.user_data_path("realtime-nst", appauthor=False) / "styles"


def user_styles(folder: Path | None = None) -> list[Style]:
    """The styles that the user has added, by name."""
    folder = folder or user_folder()
    return [Style(path.stem, path) for path in images_in(folder)] if folder.is_dir() else []


def find_styles(wanted: Iterable[str] = ()) -> list[Style]:
    """The styles that names, picture files and folders stand for; with none, every shipped and user style.

    Raises StyleError for an unknown name (with the nearest ones), an unreadable file or an empty folder.
    """
    known = {style.name: style for style in [*shipped_styles(), *user_styles()]}
    wanted = list(wanted)
    if not wanted:
        return list(known.values())
    return [style for one in wanted for style in _find(one, known)]


def find_style(name: str) -> Style:
    """Return the one style that `name` stands for: a style's name, a picture file, or a folder of one picture.

    Raises:
        StyleError: as `find_styles`, and if a folder holds several pictures.
    """
    found = find_styles([name])
    if len(found) > 1:
        raise StyleError(f"the style folder {name} holds {len(found)} pictures; give one picture file of it")
    return found[0]


def _find(wanted: str, known: dict[str, Style]) -> list[Style]:
    if wanted in known:
        return [known[wanted]]
    path = Path(wanted)
    if path.is_dir():
        found = [Style(p.stem, p) for p in images_in(path)]
        if not found:
            raise StyleError(f"the style folder {path} holds no pictures ({', '.join(SUFFIXES)})")
        return found
    if path.exists():
        style = Style(path.stem, path)
        style.read()
        return [style]
    if path.suffix.lower() in SUFFIXES or len(path.parts) > 1:
        raise StyleError(f"there is no style picture {wanted}; `realtime-nst styles` lists the styles there are")
    near = difflib.get_close_matches(wanted, known, n=3)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise StyleError(
        f"there is no style '{wanted}': {hint}`realtime-nst styles` lists them; a picture file or a folder does too"
    )


def add_style(
    source: str,
    name: str | None = None,
    folder: Path | None = None,
    *,
    overwrite: bool = False,
    max_bytes: int = 32 << 20,
    max_side: int = 1024,
    timeout: float = 15.0,
) -> Style:
    """Copy a picture (file or http(s) URL) into the user's styles under `name`, by default the file's.

    The picture is decoded and written anew as PNG, its long side at most `max_side` pixels, so nothing but
    pixels enters the folder. Raises StyleError for what is no picture, too large or out of reach.
    """
    import cv2

    address = urllib.parse.urlparse(source)
    from_net = address.scheme in ("http", "https")
    name = name or Path(urllib.parse.unquote(address.path) if from_net else source).stem
    if not name or name != Path(name).name or name.startswith(".") or any(c in name for c in '<>:"/\\|?*'):
        raise StyleError(f"'{name}' cannot be a style's name; choose one with `--name`")
    if name in {style.name for style in shipped_styles()}:
        raise StyleError(f"'{name}' is a style that comes with the program; choose another name with `--name`")
    folder = folder or user_folder()
    if not overwrite and name in {style.name for style in user_styles(folder)}:
        raise StyleError(f"you have a style '{name}'; add --overwrite to replace it, or choose another --name")
    data = _download(source, max_bytes, timeout) if from_net else _load(Path(source), max_bytes)
    image = decode_image(data, source, StyleError)
    scale = max_side / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise OutputError(f"cannot make the style folder {folder}: {reason.strerror or reason}") from reason
    return Style(name, write_image(folder / f"{name}.png", image))


def _load(path: Path, max_bytes: int) -> bytes:
    try:
        if path.stat().st_size > max_bytes:
            raise StyleError(f"{path} is larger than {max_bytes >> 20} MB; scale it down first")
        return path.read_bytes()
    except OSError as reason:
        raise StyleError(f"cannot read {path}: {reason.strerror or reason}") from reason


def _download(url: str, max_bytes: int, timeout: float) -> bytes:
    import urllib.request  # it takes longer to load than all the rest of this file

    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            data = answer.read(max_bytes + 1)
    except (OSError, ValueError) as reason:
        raise StyleError(
            f"cannot fetch {url}: {reason}; download it with a browser and add the file instead"
        ) from reason
    if len(data) > max_bytes:
        raise StyleError(f"{url} is larger than {max_bytes >> 20} MB; scale it down first")
    return data


def _shipped_folder() -> Path:
    """In an installed wheel the pictures lie inside the package, in a checkout at its top level."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "shipped_styles"
    return installed if installed.is_dir() else here.parent / "styles"
