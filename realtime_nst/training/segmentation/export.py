"""Write the trained network that finds people as the file that ships.

    python -m realtime_nst.training.segmentation.export RUN FILE.pb

Needs KERAS_BACKEND=tensorflow (the default of an installation).
"""

from __future__ import annotations

from pathlib import Path

import click

from realtime_nst.regions.segmenter import FRAME, PERSON
from realtime_nst.training.export import freeze
from realtime_nst.training.segmentation.network import WEIGHTS, build_segmenter


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def main(run: Path, file: Path) -> None:
    """Export the weights in RUN to FILE: a frozen TensorFlow graph with float16 weights."""
    import tensorflow as tf

    network = build_segmenter()
    network.load_weights(run / WEIGHTS)
    frame = tf.TensorSpec([1, None, None, 3], name=FRAME[:-2])
    graph = freeze(lambda image: [network(image, training=False)], [frame], (PERSON,))
    file.write_bytes(graph.SerializeToString(deterministic=True))
    click.echo(f"{file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
