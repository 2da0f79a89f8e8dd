"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..networks.registry import MODEL_METAVAR

STROKE_SIZES = {"small": 640, "medium": 384, "large": 256}
"""The words of --stroke-size: long sides in pixels of what the network sees."""

if TYPE_CHECKING:
    from ..frames import RenderParams


class Size(click.ParamType):
    """WxH in pixels, as (width, height)."""

    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
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
    """Seconds, or [HOURS:]MINUTES:SECONDS, as seconds."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
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
    """[HOST:]PORT, as (host, port)."""

    name = "[HOST:]PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")  # of an IPv6 address
        if not port.isdecimal() or int(port) > 65535:
            self.fail(f"{value!r} is not a port such as 8090, or 0.0.0.0:8090", param, ctx)
        return host or "127.0.0.1", int(port)


class Mix(click.ParamType):
    """STYLE:SHARE, as (style, share from 0 to 1)."""

    name = "STYLE:SHARE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        style, _, share = str(value).rpartition(":")
        try:
            number = float(share)
        except ValueError:
            number = -1.0
        if not style or not 0 <= number <= 1:
            self.fail(f"{value!r} is not a style and its share from 0 to 1, such as embers:0.4", param, ctx)
        return style, number


class Token(click.ParamType):
    """A control token: letters, digits, _ and -, which need no escaping in a URL."""

    name = "TOKEN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[\w-]*", value, re.ASCII):
            self.fail(f"{value!r} is not a token of letters, digits, _ and -", param, ctx)
        return value


class StrokeSize(click.ParamType):
    """small, medium, large, or the long side in pixels of what the network sees, as that number of pixels."""

    name = "|".join((*STROKE_SIZES, "N"))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        pixels = STROKE_SIZES.get(value.lower()) or (int(value) if value.isdecimal() else 0)
        if pixels < 32:
            words = ", ".join(STROKE_SIZES)
            self.fail(f"{value!r} is not a stroke size: {words}, or a number of pixels from 32 on", param, ctx)
        return pixels


def options(*decorators: Callable) -> Callable:
    """Combine several click options into one decorator, which adds them in this order."""

    def apply(command: Callable) -> Callable:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


def style_option(default: str) -> Callable:
    """Return the option that chooses styles; `default` names, in words, the styles that are used without it."""
    return click.option(
        "--style",
        "-s",
        "style",
        multiple=True,
        metavar="NAME|FILE|FOLDER",
        help=f"A style; repeat for more. Default: {default}.",
    )


def network_options(stroke_size: str) -> Callable:
    """Return the options that choose and run a network; `stroke_size` is the default of --stroke-size, in words."""

    def add(command: Callable) -> Callable:
        return _network_options(stroke_size)(_checksum_in_model(command))

    return add


def _checksum_in_model(command: Callable) -> Callable:
    """Give a command the value of --sha256 as a part of the model's URL."""

    @functools.wraps(command)
    def run(*positional: Any, sha256: str | None, model: str, **given: Any) -> Any:
        if sha256:
            from ..networks.download import with_checksum

            model = with_checksum(model, sha256)
        return command(*positional, model=model, **given)

    return run


def _network_options(stroke_size: str) -> Callable:
    return options(
        click.option(
            "--model",
            default="auto",
            metavar=MODEL_METAVAR,
            show_default=True,
            help="The network: Magenta's (hub), our own (fast), or a SavedModel like Magenta's.",
        ),
        click.option(
            "--sha256",
            metavar="DIGITS",
            help="The checksum of the archive at the URL of --model, which is a program: no other is accepted.",
        ),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "gpu"]),
            default="auto",
            show_default=True,
            help="The processor that runs the network.",
        ),
        click.option(
            "--fitted/--no-fitted",
            default=True,
            help="Use the style vectors that `styles fit` has made, or only those that the network predicts. "
            "Default: use them.",
        ),
        stroke_size_option(
            "How large strokes are: in words, or the long side in pixels at which the network sees a frame, so that a "
            f"smaller N is faster, with larger strokes. Default: {stroke_size}."
        ),
    )


def stroke_size_option(help: str, name: str = "processing_size", **more: Any) -> Callable:
    """Return the option that chooses the processing size. --work-size is its former name."""
    return click.option("--stroke-size", "--work-size", name, cls=_WithFormerName, type=StrokeSize(), help=help, **more)


render_options = options(
    click.option(
        "--strength",
        type=click.FloatRange(0, 1),
        default=1.0,
        show_default=True,
        help="How much style: 0 is the original.",
    ),
    click.option(
        "--keep-colors", is_flag=True, help="Keep the original's colours; take only the strokes from the style."
    ),
)


def render_params(given: dict[str, Any]) -> RenderParams:
    """Take the values of `render_options` out of a command's arguments, as one value without a style code."""
    from ..frames import RenderParams

    return RenderParams(None, **{name: given.pop(name) for name in RenderParams._fields if name in given})


def deflicker_option(default: bool | None, in_words: str) -> Callable:
    """Return the option that turns the temporal filter on and off; `in_words` says its default.

    --steady is its former name.
    """
    return click.option(
        "--deflicker/--no-deflicker",
        "--steady/--no-steady",
        "deflicker",
        cls=_WithFormerName,
        default=default,
        help=f"Reduce flicker: denoise the network's input and hold strokes in place. Default: {in_words}.",
    )


class _WithFormerName(click.Option):
    """An option whose help shows only the first of its names."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names = self.opts, self.secondary_opts
        self.opts, self.secondary_opts = names[0][:1], names[1][:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts, self.secondary_opts = names


overwrite_option = click.option("--overwrite", is_flag=True, help="Replace existing files.")


def _max_pixels(ctx: click.Context, param: click.Parameter, value: int | None) -> int:
    from ..media.images import MAX_PIXELS

    return value or MAX_PIXELS


max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    callback=_max_pixels,
    metavar="N",
    show_default="200 million",
    help="Refuse larger pictures before they take memory: a small file can announce a huge picture.",
)
