"""Playlists: text files that name the pieces of a clip. FFmpeg would follow them to any file or server."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import SourceError

SUFFIXES = (".m3u8", ".m3u")
"""Extensions of the files that may be playlists."""

_ATTRIBUTE = re.compile(r'\bURI="([^"]*)"')
_SIZE = 4 << 20
_DEPTH = 3


def names_other_files(path: Path) -> bool:
    """Return whether a file starts like one of FFmpeg's playlists, whatever its name."""
    with open(path, "rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf\r\n\t ")
    return head.startswith((b"#EXTM3U", b"ffconcat", b"v=0", b"<?xml"))


def check_playlist(path: Path, depth: int = 0) -> None:
    """Check that a playlist is finished, and that it and the playlists in it name only files in its own folder.

    Raises:
        SourceError: if it cannot be read, is not finished, or leads elsewhere.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(_SIZE + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > _SIZE or depth > _DEPTH:
        raise SourceError(f"{path} is too long for a playlist, or names others in too many steps; give its clip itself")
    lines = data.decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].lstrip("\ufeff").startswith("#EXTM3U"):
        raise SourceError(f"{path} is not an HLS playlist (its first line is not #EXTM3U); give a clip")
    folder = path.resolve().parent
    named = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    tagged = [found for line in lines if line.startswith("#") for found in _ATTRIBUTE.findall(line)]
    for name in [*named, *tagged]:
        piece = _piece(path, folder, name)
        if piece.suffix.lower() in SUFFIXES:
            check_playlist(piece, depth + 1)
    if any(line.startswith("#EXTINF") for line in lines) and "#EXT-X-ENDLIST" not in (line.strip() for line in lines):
        raise SourceError(
            f"the playlist {path} is not finished (it has no #EXT-X-ENDLIST): wait until it is, or give the address "
            "that it is served at: realtime-nst live --camera URL"
        )


def _piece(playlist: Path, folder: Path, name: str) -> Path:
    """Return the file that a playlist names. Raises SourceError if it is not below the playlist's own folder."""
    elsewhere = SourceError(
        f"the playlist {playlist} names {name[:200]}, which does not lie in its own folder; "
        "playlists are followed to files beside them only"
    )
    try:
        if urlsplit(name).scheme:
            raise elsewhere
        piece = (folder / unquote(name)).resolve()
        inside = piece.is_relative_to(folder)
    except (ValueError, OSError) as error:  # neither a valid address nor a valid path
        raise elsewhere from error
    if not inside:
        raise elsewhere
    return piece
