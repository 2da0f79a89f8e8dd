"""`realtime-nst optimize`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .console import say, steps_bar
from .options import overwrite_option


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("painting", metavar="PAINTING|STYLE")
@click.option(
    "--out",
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help="The picture file to write.",
)
@overwrite_option
@click.option(
    "--alpha", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Weight of the content loss."
)
@click.option("--beta", type=click.FloatRange(min=0), default=1e11, show_default=True, help="Weight of the style loss.")
@click.option("--steps", type=click.IntRange(min=1), default=200, show_default=True, help="Steps of the optimization.")
@click.option("--size", type=click.IntRange(min=32), default=512, show_default=True, help="Long side in pixels.")
@click.option(
    "--init",
    type=click.Choice(["content", "noise", "style"]),
    default="content",
    show_default=True,
    help="The picture to start from.",
)
@click.option("--content-layer", default="block4_conv2", show_default=True, metavar="LAYER", help="The content layer.")
@click.option(
    "--layers",
    multiple=True,
    metavar="LAYER",
    help="A style layer; repeat for more. Default: the first of every block.",
)
@click.option("--seed", default=7, show_default=True, help="Seed of the noise of --init noise.")
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="VGG weights (npz). Default: VGG-19, downloaded by Keras.",
)
@click.option(
    "--save-every", type=click.IntRange(min=1), metavar="N", help="Also write the picture so far every N steps."
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the losses (needs the extra plot).",
)
def optimize(photo: Path, painting: str, features: Path | None, output: Path, steps: int, **given: Any) -> None:
    """Make one picture by slow optimization: the reference for the fast networks.

    Gradient descent on the pixels minimizes alpha * content loss + beta * style loss.
    """
    from ..offline.optimization import optimize_photo

    with steps_bar(steps) as on_step:
        optimize_photo(photo, painting, features, output=output, steps=steps, say=say, on_step=on_step, **given)
    click.echo(output)
