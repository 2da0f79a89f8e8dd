"""`realtime-nst styles` and `realtime-nst styles add`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import print_table, say
from .options import max_pixels_option, network_options, overwrite_option, render_options, render_params


@click.group(invoke_without_command=True)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a contact sheet: one photo in every style.",
)
@click.option(
    "--photo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The photo for --sheet. Default: a frame of the built-in scene.",
)
@network_options("the network's own")
@render_options
@overwrite_option
@click.pass_context
def styles(
    ctx: click.Context,
    sheet: Path | None,
    photo: Path | None,
    model: str,
    device: str,
    processing_size: int | None,
    overwrite: bool,
    **look: Any,
) -> None:
    """List the styles, show all of them on one photo, or add your own."""
    if ctx.invoked_subcommand:
        return
    from ..styles.library import find_styles

    found = find_styles()
    if sheet is None:
        print_table(
            ["name", "title", "after", "how it was made"],
            [
                [style.name, style.title, f"{style.after} {style.year or ''}".strip(), style.made or str(style.path)]
                for style in found
            ],
        )
        return
    from ..evaluation.contact_sheet import contact_sheet
    from ..media.images import SUFFIXES, read_image, write_image
    from ..media.paths import check_not_read, check_writable
    from ..sources.factory import DemoSource
    from ..stylizer import load_stylizer

    check_writable(sheet, SUFFIXES, overwrite=overwrite)
    check_not_read([sheet], [*([photo] if photo else []), *(style.path for style in found)])
    image = read_image(photo) if photo else DemoSource().read().image
    stylizer = load_stylizer(model, device, processing_size, say)
    render = render_params(look)
    tiles = [("original", image)]
    for style in found:
        params = render._replace(code=stylizer.encode(style.read()))
        tiles.append((style.name, stylizer.begin(image, params)()))
    click.echo(write_image(sheet, contact_sheet(tiles)))


@styles.command("add")
@click.argument("source", metavar="FILE|URL")
@click.option("--name", metavar="NAME", help="The style's name. Default: the file's name.")
@overwrite_option
@max_pixels_option
def styles_add(source: str, name: str | None, overwrite: bool, max_pixels: int) -> None:
    """Copy a picture into your own style folder."""
    from ..styles.library import add_style

    added = add_style(source, name, overwrite=overwrite, max_pixels=max_pixels)
    click.echo(f"{added.name}: {added.path}")
