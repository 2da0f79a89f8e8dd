"""Still pictures: every photo in every style, written whole or not at all."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import OutputError, SourceError
from ..media.images import SUFFIXES, images_in, read_image, write_image
from ..styles.library import Style
from ..stylizer import Stylizer


def find_photos(wanted: Iterable[str]) -> list[Path]:
    """The picture files that files, folders and patterns (`*.jpg`) stand for.

    Raises SourceError for one that stands for nothing.
    """
    photos: list[Path] = []
    for one in wanted:
        path = Path(one)
        if path.is_dir():
            found = images_in(path)
            if not found:
                raise SourceError(f"the folder {path} holds no pictures ({', '.join(SUFFIXES)})")
        elif path.exists():
            found = [path]
        else:
            found = [Path(p) for p in sorted(glob.glob(one)) if Path(p).suffix.lower() in SUFFIXES]
            if not found:
                raise SourceError(f"there is no picture {one}")
        photos += found
    return photos


def plan_outputs(photos: list[Path], styles: list[Style], out: Path) -> list[tuple[Path, Style, Path]]:
    """(photo, style, file to write) for each picture to make.

    `out` is a file when it ends like a picture and is no folder; then one photo meets the first style.
    Otherwise it is a folder (made if missing) of files named PHOTO-STYLE.
    Raises OutputError where the files cannot be told apart or the folder cannot be made.
    """
    if out.suffix.lower() in SUFFIXES and not out.is_dir():
        if len(photos) > 1:
            raise OutputError(f"{len(photos)} photos cannot go into one file {out}; give a folder: -o {out.stem}/")
        if out.exists() and out.samefile(photos[0]):
            raise OutputError(f"{out} is the photo itself; choose another name with -o")
        return [(photos[0], styles[0], out)]
    if out.suffix and not out.is_dir():
        raise OutputError(f"cannot write {out}: a picture must end in one of {', '.join(SUFFIXES)}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise OutputError(f"cannot make the folder {out}: {reason.strerror or reason}") from reason
    plan = []
    for photo in photos:
        # A photo may be read by what is in it, whatever its name ends in.
        ending = photo.suffix if photo.suffix.lower() in SUFFIXES else ".png"
        plan += [(photo, style, out / f"{photo.stem}-{style.name}{ending}") for style in styles]
    targets = [target for _, _, target in plan]
    twice = next((target for target in targets if targets.count(target) > 1), None)
    if twice:
        raise OutputError(f"two of the photos would both become {twice}; stylize them into different folders")
    return plan


def stylize_photos(
    plan: list[tuple[Path, Style, Path]], stylizer: Stylizer, done: Callable[[Path], None], **look
) -> None:
    """Make the pictures of a plan; `done` is called with each file written. Each style is encoded once.

    look: `strength` and `keep_colors`, as `Stylizer.stylize` has them.
    Raises SourceError for a photo that cannot be read before anything is written.
    """
    photos = dict.fromkeys(photo for photo, _, _ in plan)
    for photo in photos:
        read_image(photo)  # only to know that it can be: all of them at once may not fit into memory
    codes: dict[Path, object] = {}
    for photo in photos:
        image = read_image(photo)
        for style, target in ((style, target) for planned, style, target in plan if planned == photo):
            if style.path not in codes:
                codes[style.path] = stylizer.encode(style.read())
            done(write_image(target, stylizer.stylize(image, codes[style.path], **look)))
