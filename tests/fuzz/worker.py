"""The child process: reads "kind TAB path" lines, uses each input as the program would, and answers a line of JSON.

An outcome is "ok", "refused" (one of the program's own errors) or "traceback" (anything else: a find).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np

from realtime_nst.errors import StylizeError
from realtime_nst.process import quiet_runtimes

FRAMES = 40
"""Frames read of a clip: enough for what goes wrong after the first group of pictures."""


def read_image(path: Path) -> None:
    from realtime_nst.media.images import read_image

    read_image(path)


def read_clip(path: Path, start: float = 0.0) -> None:
    from realtime_nst.sources.clip import ClipSource

    source = ClipSource(path, start)
    try:
        for _ in range(FRAMES):
            if source.read() is None:
                break
    finally:
        source.close()


def seek_clip(path: Path) -> None:
    read_clip(path, start=0.5)


def read_playlist(path: Path) -> None:
    from realtime_nst.sources.factory import open_source

    source = open_source(str(path), live=False)
    try:
        while source.read() is not None:
            pass
    finally:
        source.close()


def open_model(path: Path) -> None:
    from realtime_nst.networks.hub import HubNetwork

    with tempfile.TemporaryDirectory() as cache:
        os.environ["REALTIME_NST_CACHE"] = cache
        network = HubNetwork(path, "cpu")
        network.transform(np.zeros((64, 64, 3), np.uint8), network.encode(np.zeros((64, 64, 3), np.uint8)))


TARGETS: dict[str, Callable[[Path], None]] = {
    "image": read_image,
    "clip": read_clip,
    "seek": seek_clip,
    "playlist": read_playlist,
    "model": open_model,
}


def main(memory_gb: float) -> None:
    """Serve until standard input ends, with limited address space if the system supports that."""
    quiet_runtimes()
    if sys.platform.startswith("linux"):
        import resource

        limit = int(memory_gb * 2**30)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    for line in sys.stdin:
        kind, path = line.rstrip("\n").split("\t")
        try:
            TARGETS[kind](Path(path))
            answer = {"outcome": "ok"}
        except StylizeError as reason:
            answer = {"outcome": "refused", "told": str(reason)}
        except BaseException as error:
            answer = {"outcome": "traceback", "told": repr(error), "trace": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]))
