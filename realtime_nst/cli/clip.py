"""`realtime-nst clip`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .console import BatchDisplay, say, say_default_styles
from .options import (
    Size,
    Timestamp,
    deflicker_option,
    network_options,
    overwrite_option,
    render_options,
    render_params,
    style_option,
)

if TYPE_CHECKING:
    from ..styles.library import Style


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@click.option(
    "--out",
    "-o",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="An .mp4, .mov or .mkv file for one clip in one style, or a folder.",
)
@style_option("the first style in the list")
@click.option("--styles-over-time", metavar='"0:STYLE,10:STYLE"', help="Blend from style to style at these seconds.")
@network_options("medium")
@render_options
@deflicker_option(True, "on")
@click.option("--size", type=Size(), help="Size of the output. Default: the clip's own.")
@click.option(
    "--scale",
    type=click.FloatRange(0, 8, min_open=True),
    default=1.0,
    show_default=True,
    help="Factor on the size of the output.",
)
@click.option("--start", type=Timestamp(), default=0.0, help="Begin at this time: seconds, or 1:30.")
@click.option("--end", type=Timestamp(), help="End at this time.")
@click.option(
    "--crf",
    type=click.IntRange(0, 51),
    default=20,
    show_default=True,
    help="Quality: a lower number is better and makes a larger file.",
)
@click.option("--encoder", default="auto", show_default=True, help="The H.264 encoder: auto, libx264, h264_nvenc, ...")
@click.option("--side-by-side", is_flag=True, help="Put the original on the left of the stylized picture.")
@overwrite_option
@click.option("--resume", is_flag=True, help="Continue where an interrupted run stopped.")
@click.option("--keep-going", is_flag=True, help="If a clip fails, continue with the next one.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Stylize so many clips at once, each in a process with its share of the processors. Default: one for two "
    "processors, as far as memory lasts; 1 on a GPU.",
)
def clip(
    clips: tuple[str, ...],
    output: Path,
    style: tuple[str, ...],
    styles_over_time: str | None,
    model: str,
    device: str,
    fitted: bool,
    processing_size: int | None,
    keep_going: bool,
    workers: int | None,
    **given: Any,
) -> None:
    """Stylize clips: same length, same timing, same sound."""
    from ..offline.batch import one_by_one, run_batch
    from ..offline.clip import ClipOptions
    from ..offline.clip_files import CLIP, find_clips
    from ..offline.engines.processes import default_workers, processes
    from ..offline.job import ClipJob
    from ..offline.plan import plan_outputs
    from ..process import halve_opencv_threads, stopped_by_signals

    halve_opencv_threads()
    render = render_params(given)
    options = ClipOptions(render=render, **given)
    plan = plan_outputs(
        CLIP,
        find_clips(clips, say, output=output),
        _timelines(style, styles_over_time),
        output,
        may_exist=options.overwrite or options.resume or keep_going,
        roots=[Path(name) for name in clips if Path(name).is_dir()],
    )
    jobs = [
        ClipJob(input, target, timeline, model, device, processing_size, fitted, options)
        for input, timeline, target in plan
    ]
    if not (style or styles_over_time):
        say_default_styles([jobs[0].styles[0][1]])
    workers = min(workers or default_workers(jobs), len(jobs))
    engine = processes(workers) if workers > 1 else one_by_one
    stop = threading.Event()
    with stopped_by_signals(stop), BatchDisplay(len(jobs)) as display:
        run_batch(jobs, display, keep_going=keep_going, stop=stop, engine=engine)


def _timelines(
    style: tuple[str, ...], styles_over_time: str | None
) -> list[tuple[str, tuple[tuple[float, Style], ...]]]:
    """Return (name, keyframes) for every output of a clip."""
    from ..styles.library import find_styles
    from ..styles.transition import parse_timeline

    if styles_over_time:
        if style:
            raise InputError("--style and --styles-over-time both choose styles: give one of them")
        return [("blend", tuple(parse_timeline(styles_over_time)))]
    styles = find_styles(style)
    return [(each.name, ((0.0, each),)) for each in (styles if style else styles[:1])]
