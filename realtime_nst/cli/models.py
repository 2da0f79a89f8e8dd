"""`realtime-nst models` and `realtime-nst cameras`: list the models and cameras of this machine."""

from __future__ import annotations

import click

from ..errors import InputError
from .console import download_bar, print_table, say


@click.command()
@click.option("--fetch", type=click.Choice(["hub"]), help="Download a model now.")
def models(fetch: str | None) -> None:
    """List the models and the runtime of each, or download one."""
    if fetch:
        from ..networks.download import fetch_hub

        with download_bar("fetching the hub model") as progress:
            folder = fetch_hub(progress=progress)
        click.echo(folder)
        return

    from ..networks.registry import model_status
    from ..networks.runtimes.devices import choose_device

    print_table(
        ["model", "here", "runs on", "where"], [[row.name, row.here, row.runs_on, row.where] for row in model_status()]
    )
    for notice in choose_device("auto")[1]:
        say(notice)


@click.command()
def cameras() -> None:
    """List the cameras: index, name, frame size, measured rate."""
    from ..sources.factory import list_cameras

    rows = list_cameras()
    if not rows:
        raise InputError(
            "no camera answered at indices 0 to 9; plug one in, allow this program to use it in the system's "
            "privacy settings, or give a file or stream: realtime-nst live --camera FILE|URL"
        )
    print_table(
        ["index", "name", "size", "fps"],
        [[str(row.index), row.name, f"{row.size[1]}x{row.size[0]}", f"{row.fps:.1f}"] for row in rows],
    )
