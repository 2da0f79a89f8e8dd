"""Find clips by the files and folders that users name, and name the outputs after their inputs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..errors import SourceError
from ..interfaces import Notify
from ..media.containers import CONTAINERS, check_regular
from .plan import Kind

CLIP_SUFFIXES = (
    *(*CONTAINERS, ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".m2t", ".vob", ".dv", ".mxf"),
    *(".flv", ".f4v", ".3gp", ".3g2", ".ogv", ".wmv", ".asf", ".gif"),
)
"""The file extensions that are searched for in a folder of clips, in lower case."""

UNFINISHED = (".partial", ".earlier", ".whole")
"""The tag before the file extension that marks the partial file of an interrupted run."""


def _clip_name(clip: Path, style: str, several: bool) -> str:
    return f"{clip.stem}-{style}.mp4" if several else f"{clip.stem}.mp4"


CLIP = Kind("clip", CONTAINERS, _clip_name)


def find_clips(
    requested: Iterable[str], say: Notify = lambda message: None, *, output: Path | None = None
) -> list[Path]:
    """Return the clips in the requested files and folders, subfolders included.

    Hidden files and folders (`._clip.mp4` on some drives) are passed over. `say` names the partial files of interrupted
    runs, folders that cannot be read, and the kinds of other files, which are left out.

    Args:
        requested: files and folders.
        say: receives notices, one sentence each.
        output: a folder that is not searched, because the outputs go there.

    Raises:
        SourceError: if a file is missing or is not a file, or if a folder holds no clips or cannot be read.
    """
    clips: list[Path] = []
    for name in requested:
        path = Path(name)
        if not path.exists():
            raise SourceError(f"there is no clip {name}")
        found = _clips_in(path, say, output) if path.is_dir() else [check_regular(path)]
        if not found:
            raise SourceError(f"the folder {path} holds no clips ({', '.join(CLIP_SUFFIXES)})")
        clips += (clip for clip in found if clip not in clips)
    return clips


def _clips_in(root: Path, say: Notify, output: Path | None) -> list[Path]:
    def unreadable(error: OSError) -> None:
        if Path(error.filename) == root:
            raise SourceError(f"cannot read the folder {root}: {error.strerror}") from error
        say(f"skipped the folder {error.filename}: {error.strerror}")

    clips: list[Path] = []
    others: Counter[str] = Counter()
    for folder, subfolders, names in os.walk(root, onerror=unreadable):
        subfolders[:] = sorted(
            name for name in subfolders if not name.startswith(".") and not _is_same(Path(folder, name), output)
        )
        for path in (Path(folder, name) for name in sorted(names) if not name.startswith(".")):
            unfinished = path.stem.lower().endswith(UNFINISHED)
            if path.suffix.lower() not in CLIP_SUFFIXES or not path.is_file():
                others[path.suffix.lower() or path.name] += not unfinished
            elif unfinished:
                say(f"skipped {path}: an interrupted run left it; to stylize it anyway, give the file itself")
            else:
                clips.append(path)
    if clips and others.total():
        kinds = ", ".join(kind for kind, count in others.most_common(5) if count)
        say(f"{root}: files that end in {kinds} are left out ({others.total()} in all)")
    return clips


def _is_same(folder: Path, output: Path | None) -> bool:
    return output is not None and output.exists() and folder.samefile(output)
