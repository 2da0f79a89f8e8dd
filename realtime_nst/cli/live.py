"""`realtime-nst live` and `realtime-nst demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import say
from .options import (
    Address,
    Mix,
    Size,
    Token,
    deflicker_option,
    network_options,
    options,
    overwrite_option,
    render_options,
    style_option,
)
from .presets import start_from

run_options = options(
    style_option("all styles"),
    network_options("medium, or larger strokes if the frame rate needs it"),
    render_options,
    deflicker_option(None, "on up to 100 frames per second"),
    click.option(
        "--fps-target",
        type=click.FloatRange(min=1),
        metavar="N",
        help="Sustain N frames per second, if need be with larger strokes. Default: the camera's rate.",
    ),
    click.option(
        "--fit",
        is_flag=True,
        help="Improve the first style in the background, in some minutes, by what the camera sees; key i does so for "
        "any style.",
    ),
    click.option(
        "--features",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="VGG weights (npz) for --fit and the key i. Default: VGG-19, downloaded once.",
    ),
    click.option("--mix", type=Mix(), metavar="STYLE:SHARE", help="Mix in a second style, for instance embers:0.4."),
    click.option(
        "--fade",
        type=click.FloatRange(min=0),
        default=0.4,
        show_default=True,
        metavar="S",
        help="Seconds in which one style becomes the next.",
    ),
    click.option(
        "--cycle", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Show the next style every S seconds."
    ),
    click.option(
        "--record",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Record an MP4, MOV or MKV file from the start.",
    ),
    click.option("--record-split", is_flag=True, help="Let recordings show the line of the key v too."),
    overwrite_option,
    click.option(
        "--mic",
        is_flag=False,
        flag_value="default",
        metavar="[INDEX|NAME]",
        help="Record a microphone with the video (needs the extra mic).",
    ),
    click.option(
        "--serve",
        type=Address(),
        is_flag=False,
        flag_value="8090",
        metavar="[[HOST:]PORT]",
        help="Show the video to browsers and OBS on this machine (default port: 8090); 0.0.0.0:PORT opens it to "
        "the network.",
    ),
    click.option(
        "--control",
        type=Token(),
        is_flag=False,
        flag_value="",
        metavar="[TOKEN]",
        help="With --serve: let browsers that know TOKEN press the keys. Without TOKEN, a random one is printed.",
    ),
    click.option(
        "--osc",
        type=Address(),
        is_flag=False,
        flag_value="9000",
        metavar="[[HOST:]PORT]",
        help="Let OSC controllers on this machine press the keys (default port: 9000); 0.0.0.0:PORT opens it to the "
        "network (pip install 'realtime-nst[osc]').",
    ),
    click.option(
        "--midi",
        is_flag=False,
        flag_value="default",
        metavar="[NAME]",
        help="Let a MIDI controller press the keys (pip install 'realtime-nst[midi]').",
    ),
    click.option("--preset", metavar="NAME", help="Begin with a preset, which the key k keeps."),
    click.option("--remember", is_flag=True, help="Begin with the last run's settings, and keep this run's."),
    click.option(
        "--virtual-camera",
        is_flag=False,
        flag_value="default",
        metavar="[DEVICE]",
        help="Appear as a camera in video calls (needs the extra virtual-camera).",
    ),
    click.option(
        "--headless",
        is_flag=True,
        help="Open no window. Requires --record, --serve, --virtual-camera, --frames, --seconds or --stats.",
    ),
    click.option("--frames", type=click.IntRange(min=1), metavar="N", help="Stop after N frames."),
    click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Stop after S seconds."),
    click.option(
        "--stats",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write the run's figures (frames, latency, time per stage) as JSON.",
    ),
)


@click.command()
@click.option(
    "--camera",
    default="0",
    metavar="INDEX|NAME|FILE|URL|-",
    show_default=True,
    help="The source: a camera, a clip, a stream or a pipe (-: standard input).",
)
@click.option(
    "--reconnect",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long for a camera or stream that goes away; 0 ends the run at once.",
)
@click.option("--loop", is_flag=True, help="Play a clip again and again.")
@click.option("--size", type=Size(), help="Frame size requested from the camera.")
@click.option(
    "--mirror/--no-mirror",
    default=None,
    help="Flip left and right. Default: on for a camera that only you see, otherwise off.",
)
@run_options
def live(camera: str, **given: Any) -> None:
    """Stylize a camera, clip or stream in a window (h: keys)."""
    _run_live(camera, **given)


@click.command()
@click.option("--mirror/--no-mirror", default=False, hidden=True)
@run_options
def demo(**given: Any) -> None:
    """Stylize a built-in moving scene, without a camera.

    Without a screen, it records five seconds to a file, unless --serve or --virtual-camera is given.
    """
    from ..sinks.display import display_available

    if not given["headless"] and not display_available():
        given["headless"] = True
        if not (given["serve"] or given["virtual_camera"]):
            given["record"] = given["record"] or _free_name("realtime-nst-demo.mp4")
            if not (given["frames"] or given["seconds"]):
                given["seconds"] = 5.0
            if given["cycle"] is None and len(given["style"]) != 1:
                given["cycle"] = 1.0
            say(f"No screen here: recording to {given['record'].resolve()} instead of opening a window.")
    _run_live("demo", size=None, **given)


def _free_name(name: str) -> Path:
    """Return `name`, with a number before its file extension if that file exists."""
    path = Path(name)
    number = 2
    while path.exists():
        path = Path(name).with_stem(f"{Path(name).stem}-{number}")
        number += 1
    return path


def _run_live(source: str, **given: Any) -> None:
    from ..live.run import LiveOptions, run_live
    from ..settings.file import Settings
    from ..styles.library import find_style, find_styles

    settings = Settings()
    given["remember"] |= settings.remember
    first = start_from(click.get_current_context(), given, settings)
    styles = find_styles(given.pop("style"))
    if first is not None:
        given["first"] = find_style(first)
    if given["mix"]:
        name, share = given["mix"]
        given["mix"] = find_style(name), share
    for style in (given.get("first"), given["mix"] and given["mix"][0]):
        styles += [style] if style and style not in styles else []
    run_live(LiveOptions(source=source, styles=styles, settings=settings, **given), say)
