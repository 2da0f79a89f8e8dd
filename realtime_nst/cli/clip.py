"""`realtime-nst clip`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError, OutputError, SourceError
from .console import BatchDisplay, print_table, say, say_default_styles
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
    from ..offline.job import ClipJob
    from ..styles.library import Style
    from .manifest import Entry


@click.command()
@click.argument("clips", nargs=-1, metavar="CLIP...")
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
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A list of clips, each with its style and options: CSV or JSON Lines.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be made and how long it is; make and decode nothing.")
@click.pass_context
def clip(
    context: click.Context,
    clips: tuple[str, ...],
    output: Path,
    manifest: Path | None,
    keep_going: bool,
    workers: int | None,
    dry_run: bool,
    **given: Any,
) -> None:
    """Stylize clips: same length, same timing, same sound."""
    from ..offline.batch import one_by_one, run_batch
    from ..offline.clip_files import CLIP
    from ..offline.engines.processes import default_workers, processes
    from ..offline.plan import check_outputs, make_folders
    from ..process import halve_opencv_threads, stopped_by_signals

    if not clips and not manifest:
        raise click.UsageError("give clips or folders of clips, or a list of them with --manifest")
    halve_opencv_threads()
    jobs = _named_jobs(clips, output, given) if clips else []
    jobs += _listed_jobs(manifest, output, context, given) if manifest else []
    targets = [job.output for job in jobs]
    may_exist = given["overwrite"] or given["resume"] or keep_going
    check_outputs(CLIP, targets, [job.input for job in jobs], may_exist=may_exist)
    if dry_run:
        _print_plan(jobs)
        return
    make_folders(targets, output)
    workers = min(workers or default_workers(jobs), len(jobs))
    engine = processes(workers) if workers > 1 else one_by_one
    stop = threading.Event()
    with stopped_by_signals(stop), BatchDisplay(len(jobs)) as display:
        run_batch(jobs, display, keep_going=keep_going, stop=stop, engine=engine)


def _named_jobs(clips: tuple[str, ...], output: Path, given: dict[str, Any]) -> list[ClipJob]:
    """Return a job for each clip that the command names, in each style."""
    from ..offline.clip_files import CLIP, find_clips
    from ..offline.plan import name_outputs

    roots = [Path(name) for name in clips if Path(name).is_dir()]
    plan = name_outputs(CLIP, find_clips(clips, say, output=output), _timelines(given), output, roots=roots)
    jobs = [_job(input, target, timeline, given) for input, timeline, target in plan]
    if not (given["style"] or given["styles_over_time"]):
        say_default_styles([jobs[0].styles[0][1]])
    return jobs


def _listed_jobs(manifest: Path, output: Path, context: click.Context, given: dict[str, Any]) -> list[ClipJob]:
    """Return a job for each line of a manifest, in each style."""
    from ..media.containers import CONTAINERS
    from ..offline.clip_files import CLIP, find_clips
    from .manifest import read_manifest

    if CLIP.is_file(output):
        raise OutputError(f"the clips of a manifest go into a folder, not into {output}: -o {output.stem}/")
    planned: list[tuple[Entry, dict[str, Any], str, tuple[tuple[float, Style], ...]]] = []
    for entry in read_manifest(manifest, context):
        with entry.named():
            if entry.clip.is_dir():
                raise SourceError(f"{entry.clip} is a folder; list its clips one by one")
            find_clips([str(entry.clip)])
            if entry.output and Path(entry.output).suffix.lower() not in CONTAINERS:
                raise OutputError(f"the output {entry.output} must end in one of {', '.join(CONTAINERS)}")
            values = given | entry.values
            planned += [(entry, values, name, timeline) for name, timeline in _timelines(values)]
    default = next((plan for plan in planned if not (plan[1]["style"] or plan[1]["styles_over_time"])), None)
    if default:
        say_default_styles([default[3][0][1]])
    styles: dict[Path, set[str]] = {}
    for entry, _, name, _ in planned:
        styles.setdefault(entry.clip, set()).add(name)
    jobs: list[ClipJob] = []
    for entry, values, name, timeline in planned:
        with entry.named():
            target = entry.output or CLIP.name(entry.clip, name, len(styles[entry.clip]) > 1)
            jobs.append(_job(entry.clip, output / target, timeline, values))
    return jobs


def _job(input: Path, target: Path, timeline: tuple[tuple[float, Style], ...], given: dict[str, Any]) -> ClipJob:
    from ..offline.clip import ClipOptions
    from ..offline.job import ClipJob

    values = given.copy()
    model, device, size, fitted = (values.pop(name) for name in ("model", "device", "processing_size", "fitted"))
    render = render_params(values)
    del values["style"], values["styles_over_time"]
    return ClipJob(input, target, timeline, model, device, size, fitted, ClipOptions(render=render, **values))


def _timelines(given: dict[str, Any]) -> list[tuple[str, tuple[tuple[float, Style], ...]]]:
    """Return (name, keyframes) for every output of a clip."""
    from ..styles.library import find_styles
    from ..styles.transition import parse_timeline

    style, styles_over_time = given["style"], given["styles_over_time"]
    if styles_over_time:
        if style:
            raise InputError("--style and --styles-over-time both choose styles: give one of them")
        return [("blend", tuple(parse_timeline(styles_over_time)))]
    styles = find_styles(style)
    return [(each.name, ((0.0, each),)) for each in (styles if style else styles[:1])]


def _print_plan(jobs: list[ClipJob]) -> None:
    """Print every output with its length, and the sum."""
    from ..offline.survey import survey

    footage = survey(jobs)
    rows = [
        [
            str(each.job.input),
            " ".join(style.name for _, style in each.job.styles),
            "?" if each.frames is None else str(each.frames),
            "?" if each.seconds is None else f"{each.seconds:.1f}",
            f"cannot be made: {each.error}" if each.error else str(each.job.output),
        ]
        for each in footage
    ]
    print_table(["clip", "style", "frames", "seconds", "output"], rows)
    seconds = sum(each.seconds or 0.0 for each in footage)
    frames = sum(each.frames or 0 for each in footage)
    bad = sum(each.error is not None for each in footage)
    unknown = sum(each.seconds is None for each in footage) - bad
    say(
        f"{len(jobs) - bad} clips, about {frames} frames, {seconds:.1f} s of footage"
        + (f", and {unknown} of them of unknown length" if unknown else "")
        + (f"; {bad} cannot be made" if bad else "")
    )
