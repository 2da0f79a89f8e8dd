"""What commands share: options, and kinds of values that click does not have."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click


class Size(click.ParamType):
    """WxH in pixels."""

    name = "WxH"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        try:
            width, height = (int(part) for part in value.lower().split("x"))
        except ValueError:
            width = height = 0
        if width < 16 or height < 16:
            self.fail(f"{value!r} is not a size such as 1280x720", param, ctx)
        return width, height


class Timestamp(click.ParamType):
    """Seconds, or [HOURS:]MINUTES:SECONDS."""

    name = "TIME"

    def convert(self, value, param, ctx):
        if isinstance(value, float):
            return value
        seconds = 0.0
        try:
            for part in value.split(":"):
                seconds = 60 * seconds + float(part)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < float("inf") or value.count(":") > 2:
            self.fail(f"{value!r} is not a time such as 90, 1:30 or 0:01:30.5", param, ctx)
        return seconds


class Address(click.ParamType):
    """[HOST:]PORT."""

    name = "[HOST:]PORT"

    def convert(self, value, param, ctx):
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not port.isdecimal() or int(port) > 65535:
            self.fail(f"{value!r} is not a port such as 8090, or 0.0.0.0:8090", param, ctx)
        return host or "127.0.0.1", int(port)


class Token(click.ParamType):
    """What can stand in an address as it is."""

    name = "WORD"

    def convert(self, value, param, ctx):
        if not re.fullmatch(r"[\w-]*", value, re.ASCII):
            self.fail(f"{value!r} is not a word of letters, digits, _ and -", param, ctx)
        return value


def options(*decorators: Callable) -> Callable:
    """Several click options as one decorator, in the order written."""

    def apply(command: Callable) -> Callable:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


style_option = click.option(
    "--style",
    "-s",
    "style",
    multiple=True,
    metavar="NAME|FILE|FOLDER",
    help="A style; repeat for more. Default: every style there is.",
)
network_options = options(
    click.option(
        "--model",
        default="auto",
        metavar="auto|hub|fast|FOLDER|URL",
        show_default=True,
        help="The network: Magenta's (hub), our own (fast), or a SavedModel like Magenta's.",
    ),
    click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto", show_default=True),
    click.option(
        "--work-size",
        "processing_size",
        type=click.IntRange(min=32),
        metavar="N",
        help="Long side in pixels that the network sees.",
    ),
    click.option(
        "--strength",
        type=click.FloatRange(0, 1),
        default=1.0,
        show_default=True,
        help="How much style: 0 is the original.",
    ),
    click.option("--keep-colors", is_flag=True, help="The style's strokes in the picture's own colours."),
)


def steady_option(default: bool | None, told: str):
    """Whether a stream is kept from flickering; told: what the default is, in words."""
    return click.option(
        "--steady/--no-steady",
        default=default,
        show_default=told,
        help="Keep noise from the network, and strokes where they were, so that they do not flicker.",
    )


run_options = options(
    steady_option(None, "steady, up to 100 frames a second"),
    click.option(
        "--fps-target",
        type=click.FloatRange(min=1),
        metavar="N",
        help="Choose the work size that holds N frames a second. Default: the camera's rate.",
    ),
    click.option(
        "--fade",
        type=click.FloatRange(min=0),
        default=0.4,
        show_default=True,
        metavar="S",
        help="Seconds in which one style becomes the next.",
    ),
    click.option(
        "--cycle", type=click.FloatRange(min=0, min_open=True), metavar="S", help="The next style every S seconds."
    ),
    click.option(
        "--record",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Record an MP4 from the start.",
    ),
    click.option("--overwrite", is_flag=True, help="Let --record and --stats replace files that exist."),
    click.option(
        "--mic",
        is_flag=False,
        flag_value="default",
        metavar="[INDEX|NAME]",
        help="Record a microphone with the pictures (pip install 'realtime-nst[mic]').",
    ),
    click.option(
        "--serve",
        type=Address(),
        is_flag=False,
        flag_value="8090",
        metavar="[[HOST:]PORT]",
        help="Show the video to browsers and OBS at a port of this machine; 0.0.0.0:PORT to its network.",
    ),
    click.option(
        "--control",
        type=Token(),
        is_flag=False,
        flag_value="",
        metavar="[WORD]",
        help="With --serve: let browsers that know WORD press the keys. Without one, it is made up.",
    ),
    click.option(
        "--virtual-camera",
        is_flag=False,
        flag_value="default",
        metavar="[DEVICE]",
        help="Be a camera for video calls (pip install 'realtime-nst[virtual-camera]').",
    ),
    click.option(
        "--headless",
        is_flag=True,
        help="No window; needs --record, --serve, --virtual-camera, --frames, --seconds or --stats.",
    ),
    click.option("--frames", type=click.IntRange(min=1), metavar="N", help="Stop after N frames."),
    click.option("--seconds", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Stop after S seconds."),
    click.option(
        "--stats",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Write figures of the run as JSON.",
    ),
)
