"""Find clips by the files and folders that users name, and name the outputs after their inputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import SourceError
from ..interfaces import Notify
from ..media.containers import CONTAINERS
from .plan import Kind

CLIP_SUFFIXES = (*CONTAINERS, ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".gif")
"""The file extensions that are searched for in a folder of clips."""

UNFINISHED = (".partial", ".earlier", ".whole")
"""The tag before the file extension that marks the partial file of an interrupted run."""


def _clip_name(clip: Path, style: str, several: bool) -> str:
    return f"{clip.stem}-{style}.mp4" if several else f"{clip.stem}.mp4"


CLIP = Kind("clip", CONTAINERS, _clip_name)


def find_clips(requested: Iterable[str], say: Notify = lambda message: None) -> list[Path]:
    """Return the clips in the requested files and folders.

    Hidden files of a folder (`._clip.mp4` on some drives) are not clips. Partial files of interrupted runs are skipped,
    and `say` names them.

    Raises:
        SourceError: if a file is missing or a folder holds no clips.
    """
    clips: list[Path] = []
    for name in requested:
        path = Path(name)
        if not path.exists():
            raise SourceError(f"there is no clip {name}")
        found = _clips_in(path, say) if path.is_dir() else [path]
        if not found:
            raise SourceError(f"the folder {path} holds no clips ({', '.join(CLIP_SUFFIXES)})")
        clips += found
    return clips


def _clips_in(folder: Path, say: Notify) -> list[Path]:
    clips = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in CLIP_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem.lower().endswith(UNFINISHED):
            say(f"skipped {path}: an interrupted run left it; to stylize it anyway, give the file itself")
        else:
            clips.append(path)
    return clips
