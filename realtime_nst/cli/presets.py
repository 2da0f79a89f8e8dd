"""`realtime-nst presets`, and how a preset becomes options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .console import print_table

if TYPE_CHECKING:
    from ..settings.file import Settings

KEPT = ("style", "strength", "mix", "keep-colors", "mirror", "fade", "cycle", "stroke-size", "work-size", "deflicker")
"""The options that a preset may hold, by their names without the hyphens."""


@click.group(invoke_without_command=True)
@click.pass_context
def presets(ctx: click.Context) -> None:
    """List your presets, rename or remove one. The key k keeps one."""
    if ctx.invoked_subcommand:
        return
    from ..settings.file import Settings

    settings = Settings()
    found = settings.presets()
    rows = [[name, ", ".join(f"{key} {_word(value)}" for key, value in found[name].items())] for name in found]
    print_table(["name", "settings"], rows)
    click.echo(f"{'kept in' if found else 'none yet; the key k keeps one in'} {settings.path}")


@presets.command("remove")
@click.argument("name", metavar="NAME")
def presets_remove(name: str) -> None:
    """Remove a preset."""
    from ..settings.file import Settings

    Settings().remove_preset(name)
    click.echo(f"removed {name}")


@presets.command("rename")
@click.argument("name", metavar="NAME")
@click.argument("new", metavar="NEW")
def presets_rename(name: str, new: str) -> None:
    """Give a preset another name."""
    from ..settings.file import Settings

    Settings().rename_preset(name, new)
    click.echo(f"{name} is now {new}")


def start_from(ctx: click.Context, given: dict[str, Any], settings: Settings) -> str | None:
    """Fill in the options that the command line leaves out from its preset, or from the last run if it asks for that.

    Args:
        ctx: the context of the command, which knows what was typed.
        given: the command's arguments by name; changed in place, and "preset" is taken out.
        settings: the user's settings.

    Returns:
        The style to begin with; None: the first.

    Raises:
        InputError: if there is no such preset, or a value in it is wrong.
    """
    name = given.pop("preset")
    if name is not None:
        values, place = settings.preset(name), ("presets", name)
    elif given["remember"]:
        values, place = settings.last(), ("last",)
    else:
        return None
    params = {opt.lstrip("-"): param for param in ctx.command.params for opt in param.opts}
    style = None
    for key, value in values.items():
        if key not in KEPT:
            raise settings.error(f"a preset holds no {key!r}; it may hold {', '.join(KEPT)}", *place, key)
        if key == "style":
            if not isinstance(value, str):
                raise settings.error(f"style is the name of one style, in quotes, not {value!r}", *place, key)
            style = None if given["style"] else value
            continue
        param = params[key]
        assert param.name is not None
        if ctx.get_parameter_source(param.name) == ParameterSource.DEFAULT:
            given[param.name] = _converted(ctx, param, value, lambda text, key=key: settings.error(text, *place, key))
    return style


def _converted(ctx: click.Context, param: click.Parameter, value: object, error: Any) -> object:
    """Return a value from the settings as the option would have it."""
    is_switch = isinstance(param.type, click.types.BoolParamType)
    if is_switch != isinstance(value, bool):
        raise error(f"{value!r} is not {'true or false' if is_switch else 'a value of this option'}")
    try:
        return param.type_cast_value(ctx, value)
    except click.BadParameter as reason:
        raise error(reason.message) from reason


def _word(value: object) -> str:
    return {"True": "on", "False": "off"}.get(str(value), str(value))
