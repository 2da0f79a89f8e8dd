"""`realtime-nst image`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import say, say_default_styles
from .options import max_pixels_option, network_options, overwrite_option, render_options, render_params, style_option

STILL_SIZE = 1024
"""Stroke size is fixed in network pixels: strokes on a large photo at full resolution would be invisibly small."""


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "--out",
    "-o",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="A picture file for one photo in one style, or a folder for files named PHOTO-STYLE.",
)
@style_option("the first style for a FILE, every style for a FOLDER")
@network_options(f"{STILL_SIZE}")
@render_options
@overwrite_option
@max_pixels_option
@click.option("--keep-going", is_flag=True, help="If a photo fails, continue with the next one.")
def image(
    photos: tuple[str, ...],
    output: Path,
    style: tuple[str, ...],
    model: str,
    device: str,
    fitted: bool,
    processing_size: int | None,
    overwrite: bool,
    max_pixels: int,
    keep_going: bool,
    **look: Any,
) -> None:
    """Stylize still pictures: files, folders or patterns."""
    from ..offline.image import PHOTO, find_photos, stylize_photos
    from ..offline.plan import plan_outputs
    from ..styles.library import find_styles
    from ..stylizer import load_stylizer

    found = find_photos(photos, say)
    styles = find_styles(style)
    if not style and PHOTO.is_file(output):
        styles = styles[:1]
    plan = plan_outputs(
        PHOTO,
        found,
        [(each.name, each) for each in styles],
        output,
        also_read=[each.path for each in styles],
        may_exist=overwrite,
    )
    if not style:
        say_default_styles(styles)
    stylizer = load_stylizer(model, device, processing_size or STILL_SIZE, say, fitted=fitted)
    for notice in stylizer.network.notices:
        say(notice)
    stylize_photos(
        plan,
        stylizer,
        render_params(look),
        on_written=lambda path: click.echo(path),
        say=say,
        keep_going=keep_going,
        max_pixels=max_pixels,
        overwrite=overwrite,
    )
