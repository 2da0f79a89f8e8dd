"""Draw the losses of a run, finished or not.

    python -m realtime_nst.training.plot RUN

Needs matplotlib (pip install 'realtime-nst[plot]').
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from realtime_nst.errors import InputError
from realtime_nst.nst.plots import load_pyplot


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(run: Path) -> None:
    """Draw each loss in RUN/log.jsonl over the epochs, one above the other, into RUN/losses.png."""
    try:
        pyplot = load_pyplot()
    except InputError as error:
        raise click.UsageError(str(error)) from error
    log = run / "log.jsonl"
    if not log.is_file():
        raise click.UsageError(f"{log} is not there: a run writes it after its first epoch")
    epochs = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    names = [name for name in epochs[-1] if name != "epoch"]
    figure, axes = pyplot.subplots(
        len(names), figsize=(7, 2.2 * len(names)), sharex=True, squeeze=False, layout="constrained"
    )
    for name, above in zip(names, axes[:, 0]):
        known = [one for one in epochs if name in one]
        above.plot([one["epoch"] + 1 for one in known], [one[name] for one in known])
        above.set_ylabel(name)
    axes[-1, 0].set_xlabel("epoch")
    figure.savefig(run / "losses.png")
    pyplot.close(figure)
    click.echo(f"{run / 'losses.png'}: {len(epochs)} epochs")


if __name__ == "__main__":
    main()
