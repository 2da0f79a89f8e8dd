"""How far the network that finds people is from its teacher on clips that it was not trained on.

    python -m realtime_nst.training.segmentation.measure DATA TEACHER.tflite NETWORK.pb [--sheet SHEET.png]

Prints intersection over union of both masks (above 0.5, at the teacher's size) for every held-out clip.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import click
import numpy as np

from realtime_nst.media.images import write_image
from realtime_nst.regions.mask import refine
from realtime_nst.regions.segmenter import PersonSegmenter
from realtime_nst.sources.clip import ClipSource
from realtime_nst.training.segmentation.label import HELD_OUT
from realtime_nst.training.segmentation.teacher import SIDE, open_teacher

GREEN = (60, 200, 60)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("network", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--every", default=10, show_default=True, help="Take every Nth frame.")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="Picture of one frame of each clip.")
def main(data: Path, teacher: Path, network: Path, every: int, sheet: Path | None) -> None:
    """Compare NETWORK with TEACHER on the held-out clips of DATA."""
    find, ours = open_teacher(teacher), PersonSegmenter(network)
    rows, means = [], []
    for path in sorted((data / "clips").glob("*/*")):
        if not any(part in path.relative_to(data / "clips").as_posix() for part in HELD_OUT):
            continue
        scores, row, number = [], None, 0
        with ClipSource(path) as clip:
            while (frame := clip.read()) is not None:
                if number % every == 0:
                    asked, found = find(frame.image) > 0.5, cv2.resize(ours(frame.image), (SIDE, SIDE)) > 0.5
                    scores.append((asked & found).sum() / max((asked | found).sum(), 1))
                    row = frame.image if row is None or number == 4 * every else row
                number += 1
        means.append(float(np.mean(scores)))
        click.echo(f"{path.parent.name}/{path.name}: {means[-1]:.3f}, worst {min(scores):.3f} ({len(scores)} frames)")
        if row is not None:
            row = cv2.resize(row, (480, 360), interpolation=cv2.INTER_AREA)
            masks = [cv2.resize(find(row), (480, 360)), refine(ours(row), row)]
            cut = [(row * mask[..., None] + (1 - mask[..., None]) * GREEN).astype(np.uint8) for mask in masks]
            rows.append(np.hstack([row, *cut]))
    click.echo(f"mean {np.mean(means):.3f}")
    if sheet is not None:
        write_image(sheet, np.vstack(rows))


if __name__ == "__main__":
    main()
