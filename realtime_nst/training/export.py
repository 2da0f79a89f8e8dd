"""Write a trained network as the files that ship: frozen TensorFlow graphs with float16 weights.

    python -m realtime_nst.training.export RUN FOLDER

OpenVINO reads these files as they are and TensorFlow imports them, so one artifact serves both runtimes.
Needs KERAS_BACKEND=tensorflow (the default of an installation).
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import keras
import numpy as np

from realtime_nst.networks.fast import CODE, LOW, MAPS, STYLE
from realtime_nst.training.network import Differences
from realtime_nst.training.strokes.network import build_seeded_maps, load_stroke_networks
from realtime_nst.training.train import load_networks


def freeze(call, inputs: list, outputs: tuple[str, ...]):
    """Return a GraphDef of `call` for inputs of the given tf.TensorSpecs, with variables as constants.

    `outputs` are the names ("offset:0") of the tensors that `call` returns.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def named(*x):
        return [tf.identity(value, name=name[:-2]) for value, name in zip(call(*x), outputs)]

    concrete = tf.function(named).get_concrete_function(*inputs)
    return half_constants(convert_variables_to_constants_v2(concrete).graph.as_graph_def())


def half_constants(graph, at_least: int = 64):
    """Return the graph with float32 constants of `at_least` numbers or more stored as float16 and cast at run time."""
    import tensorflow as tf

    result = tf.compat.v1.GraphDef(versions=graph.versions)
    for node in graph.node:
        value = tf.make_ndarray(node.attr["value"].tensor) if node.op == "Const" else None
        if value is None or value.dtype != np.float32 or value.size < at_least:
            result.node.append(node)
            continue
        stored = result.node.add(op="Const", name=f"{node.name}/float16")
        stored.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value.astype(np.float16)))
        stored.attr["dtype"].type = tf.float16.as_datatype_enum
        cast = result.node.add(op="Cast", name=node.name, input=[stored.name])
        cast.attr["SrcT"].type = tf.float16.as_datatype_enum
        cast.attr["DstT"].type = tf.float32.as_datatype_enum
    return result


def load_maps(run: Path) -> tuple[keras.Model, keras.Model]:
    """The style network and the maps of a run, of either kind of network: (frame, style vector) -> offset and gain."""
    if "seed" not in json.loads((run / "shape.json").read_text()):
        return load_networks(run)[:2]
    predictor, seeded, shape = load_stroke_networks(run)
    return predictor, build_seeded_maps(seeded, shape)


def balance(maps: keras.Model) -> None:
    """Round the kernels of the `Differences` so that bf16 holds them exactly and they still sum to 0. A flat field then
    gives 0 in bf16 too."""
    inner = [layer for one in maps.layers for layer in getattr(one, "layers", [one])]
    for layer in (one for one in inner if isinstance(one, Differences)):
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        kernel = kernel - kernel.mean(axis=(0, 1), keepdims=True)
        # bf16 has 8 significant bits: integers up to 256. The rounding error of the sum, at most 4, is added to the
        # centre.
        largest = np.abs(kernel).max(axis=(0, 1), keepdims=True)
        unit = 2 ** np.ceil(np.log2(np.maximum(largest, 1e-6) / 252))
        units = np.round(kernel / unit)
        units[1, 1] -= units.sum(axis=(0, 1))
        layer.kernel.assign(units * unit)


def graphs(style_network: keras.Model, maps: keras.Model) -> dict:
    """Return the GraphDefs to ship, by the names of their files."""
    import tensorflow as tf

    pictures = [1, None, None, 3]
    code = [1, maps.inputs[1].shape[1]]
    return {
        "encode.pb": freeze(
            lambda style: [style_network(style, training=False)], [tf.TensorSpec(pictures, name=STYLE[:-2])], (CODE,)
        ),
        "transform.pb": freeze(
            lambda low, code: maps([low, code], training=False),
            [tf.TensorSpec(pictures, name=LOW[:-2]), tf.TensorSpec(code, name=CODE[:-2])],
            MAPS,
        ),
    }


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(run: Path, folder: Path) -> None:
    """Export the weights in RUN to encode.pb and transform.pb in FOLDER."""
    style_network, maps = load_maps(run)
    balance(maps)
    folder.mkdir(parents=True, exist_ok=True)
    for name, graph in graphs(style_network, maps).items():
        path = folder / name
        path.write_bytes(graph.SerializeToString(deterministic=True))
        click.echo(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
