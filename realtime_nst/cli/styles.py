"""`realtime-nst styles`, and its commands for the user's own styles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..networks.registry import MODEL_METAVAR
from .console import fit_bar, print_table, say
from .options import max_pixels_option, network_options, overwrite_option, render_options, render_params

if TYPE_CHECKING:
    from ..styles.library import Style


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
@network_options("medium")
@render_options
@overwrite_option
@click.pass_context
def styles(
    ctx: click.Context,
    sheet: Path | None,
    photo: Path | None,
    model: str,
    device: str,
    fitted: bool,
    processing_size: int | None,
    overwrite: bool,
    **look: Any,
) -> None:
    """List the styles, show all of them on one photo, or add, rename and remove your own."""
    if ctx.invoked_subcommand:
        return
    from ..styles.library import find_styles

    found = find_styles()
    if sheet is None:
        _list(found)
        return
    from ..evaluation.contact_sheet import contact_sheet
    from ..media.images import SUFFIXES, read_image, write_image
    from ..media.paths import check_not_read, check_writable
    from ..sources.factory import DemoSource
    from ..stylizer import load_stylizer

    check_writable(sheet, SUFFIXES, overwrite=overwrite)
    check_not_read([sheet], [*([photo] if photo else []), *(style.path for style in found)])
    image = read_image(photo) if photo else DemoSource().read().image
    stylizer = load_stylizer(model, device, processing_size, say, fitted=fitted)
    render = render_params(look)
    tiles = [("original", image)]
    for style in found:
        params = render._replace(code=stylizer.encode_style(style))
        tiles.append((style.name, stylizer.begin(image, params)()))
    click.echo(write_image(sheet, contact_sheet(tiles)))


def _list(styles: Sequence[Style]) -> None:
    from ..networks.registry import FAMILIES, family
    from ..styles.fitted import FittedStyles

    stores = {name: FittedStyles(name, family(name).located_fingerprint(), say) for name in FAMILIES}
    rows: list[list[str]] = []
    for style in styles:
        fitted = ", ".join(name for name, store in stores.items() if store.vector(style) is not None)
        after = f"{style.after} {style.year or ''}".strip()
        rows.append([style.name, style.title, after, fitted, style.made or str(style.path)])
    print_table(["name", "title", "after", "fitted for", "how it was made"], rows)


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


@styles.command("fit")
@click.argument("style", metavar="NAME|FILE")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=2.0,
    show_default=True,
    help="Duration of the optimization.",
)
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="VGG weights (npz). Default: VGG-19, downloaded once.",
)
@click.option("--model", default="auto", metavar=MODEL_METAVAR, show_default=True, help="The network to fit it for.")
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The picture of before and after. Default: beside the fitted vector.",
)
@overwrite_option
def styles_fit(style: str, minutes: float, **given: Any) -> None:
    """Fit a style more closely: slow optimization, once, for the fast network.

    The network predicts a style from its picture at a glance. This improves the prediction by gradient descent on the
    losses of neural style transfer, and every later run uses the result.
    """
    from ..offline.style_fit import fit_style

    with fit_bar() as on_step:
        result = fit_style(style, minutes=minutes, say=say, on_step=on_step, **given)
    changes = ", ".join(
        f"{name} {getattr(result.first, name):.3f} -> {getattr(result.last, name):.3f}"
        for name in ("content", "style", "strokes")
    )
    say(f"{result.steps} steps: {changes} (losses, lower is better)")
    click.echo(result.sheet)
    click.echo(result.vector)


@styles.command("remove")
@click.argument("name")
def styles_remove(name: str) -> None:
    """Delete one of your own styles."""
    from ..styles.library import remove_style

    click.echo(f"removed {remove_style(name)}")


@styles.command("rename")
@click.argument("name")
@click.argument("new_name")
def styles_rename(name: str, new_name: str) -> None:
    """Give one of your own styles another name."""
    from ..styles.library import rename_style

    renamed = rename_style(name, new_name)
    click.echo(f"{renamed.name}: {renamed.path}")
