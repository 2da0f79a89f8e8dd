"""Whole inputs of each kind, and the mutated input that a seed and a number stand for."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from support.clip_maker import BROKEN, CLIPS, lacking, make_clip
from support.pictures import photo

from .mutate import mutate


class Input(NamedTuple):
    """A mutated input: a file, or a folder of files."""

    kind: str
    """A key of `worker.TARGETS`."""
    path: Path


IMAGES = (".png", ".jpg", ".webp", ".tif", ".bmp", ".gif", ".avif", ".heic")
HEIC = Path(__file__).parents[1] / "media" / "photo.heic"
"""An image of the one kind that nothing here encodes."""
PLAYLISTS = {
    "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nplain.ts\n#EXT-X-ENDLIST\n",
    "list.mp4": b"ffconcat version 1.0\nfile /etc/passwd\nfile http://127.0.0.1:9/a.mp4\n",
    "http:127.0.0.1:9?x.mkv": b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n",
}
SHARES = {"image": 0.45, "clip": 0.25, "seek": 0.2, "playlist": 0.07, "model": 0.03}


def make_input(seed: int, number: int, originals: Path, folder: Path) -> Input:
    """Write the input `number` of `seed` into `folder`, mutated from files that are kept in `originals`."""
    rng = np.random.default_rng([seed, number])
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if kind == "image":
        suffix = IMAGES[rng.integers(len(IMAGES))]
        return _write(kind, folder / f"image{suffix}", _encoded(suffix), rng)
    if kind == "playlist":
        name = sorted(PLAYLISTS)[rng.integers(len(PLAYLISTS))]
        return _write(kind, folder / name, PLAYLISTS[name], rng)
    if kind == "model":
        model = originals / "model"
        if not model.exists():
            from support.hub_model import save_hub_model

            save_hub_model(model)
        copy = folder / "model"
        shutil.copytree(model, copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file())
        victim = files[rng.integers(len(files))]
        _write(kind, victim, victim.read_bytes(), rng)
        return Input(kind, copy)
    names = sorted(name for name in CLIPS | BROKEN if lacking(name) is None)
    clip = make_clip(names[rng.integers(len(names))], originals)
    return _write(kind, folder / clip.name, clip.read_bytes(), rng)


@cache
def _encoded(suffix: str) -> bytes:
    return HEIC.read_bytes() if suffix == HEIC.suffix else cv2.imencode(suffix, photo(60, 80))[1].tobytes()


def _write(kind: str, path: Path, data: bytes, rng: np.random.Generator) -> Input:
    path.write_bytes(mutate(data, rng))
    return Input(kind, path)
