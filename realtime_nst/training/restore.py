"""Turn the shipped files into a run, so that training can continue from them.

    python -m realtime_nst.training.restore FOLDER RUN

Needs KERAS_BACKEND=tensorflow (the default of an installation).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from realtime_nst.training.export import graphs
from realtime_nst.training.network import Shape, build_maps, build_style_network
from realtime_nst.training.train import save_weights


def weights(graph) -> list[np.ndarray]:
    """Return the values of a frozen graph's variables, in its order."""
    import tensorflow as tf

    constants = (node for node in graph.node if node.op == "Const" and "ReadVariableOp" in node.name)
    return [tf.make_ndarray(node.attr["value"].tensor) for node in constants]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
def main(folder: Path, run: Path) -> None:
    """Read encode.pb and transform.pb in FOLDER back into weights in RUN."""
    import tensorflow as tf

    run.mkdir(parents=True, exist_ok=True)
    shape = Shape()
    networks = {"encode.pb": build_style_network(shape), "transform.pb": build_maps(shape)}
    # A graph does not name the owners of its weights, so we export one here in which each weight is its own number.
    for network in networks.values():
        network.set_weights([np.full(value.shape, number) for number, value in enumerate(network.get_weights())])
    numbered = graphs(*networks.values())
    for name, network in networks.items():
        shipped = weights(tf.compat.v1.GraphDef.FromString((folder / name).read_bytes()))
        values = {int(number.flat[0]): value for number, value in zip(weights(numbered[name]), shipped, strict=True)}
        network.set_weights([values[number].astype(np.float32) for number in range(len(values))])
        save_weights(run, network)
    (run / "shape.json").write_text(json.dumps(asdict(shape)))


if __name__ == "__main__":
    main()
