"""Magenta's arbitrary-style module, cut in two (Ghiasi et al., "Exploring the structure of a real-time,
arbitrary neural artistic stylization network", 2017).

The module is one function, picture and style -> picture, with two networks inside: one turns the style
into a vector of 100 numbers, the other stylizes the picture given that vector. Cut there, the first
runs once a style and only the second for every frame.

Everything here needs TensorFlow, which is imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..errors import ModelError
from ..media.resize import resize

CONTENT, STYLE, OUTPUT = "placeholder", "placeholder_1", "output_0"
"""The names of the module's two inputs and its output: float32 RGB in [0, 1], N x H x W x 3."""

STYLE_SIZE = 256
"""Side in pixels of the style pictures that the module was trained on."""


@dataclass(frozen=True)
class Module:
    """The module as frozen graphs (tf.compat.v1.GraphDef), whole or in two parts.

    `code` names the tensor between the parts and `code_shape` is its shape for one style. A module that
    was not split has no `encode`; its `transform` is the whole, and its code the style picture itself.
    """

    transform: object
    frame: str
    output: str
    code: str
    code_shape: tuple[int, ...]
    encode: object | None = None
    style: str = ""
    whole_because: str = ""


def load_module(folder: Path):
    """Load a SavedModel that has the module's interface, as TensorFlow's own object.

    Raises ModelError where the folder holds no SavedModel or one with other inputs.
    """
    import tensorflow as tf

    if not (folder / "saved_model.pb").is_file():
        raise ModelError(
            f"{folder} is not a SavedModel: it has no saved_model.pb. Give the folder that holds it, "
            "or --model hub, or --model fast."
        )
    try:
        module = tf.saved_model.load(str(folder))
    except Exception as reason:  # TensorFlow raises half a dozen unrelated kinds for a damaged model
        raise ModelError(f"TensorFlow cannot load {folder}: {first_line(reason)}") from reason
    signature = module.signatures.get("serving_default")
    inputs = {} if signature is None else signature.structured_input_signature[1]
    outputs = {} if signature is None else signature.structured_outputs
    if set(inputs) != {CONTENT, STYLE} or OUTPUT not in outputs:
        found = f"inputs {sorted(inputs) or 'none'} and outputs {sorted(outputs) or 'none'}"
        raise ModelError(
            f"{folder} is a SavedModel of another kind: its serving_default has {found}; "
            f"a style module has the inputs [{CONTENT!r}, {STYLE!r}] and the output [{OUTPUT!r}]."
        )
    return module


def split(module, tolerance: float = 1e-4) -> Module:
    """Cut the module at its bottleneck; whole, with the reason, where it has none.

    The parts in a row are compared with the whole once, on noise: they are kept only where no value
    differs by more than `tolerance` (of full range 1).
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(module.signatures["serving_default"])
    names = {tensor.name.split(":")[0]: tensor.name for tensor in frozen.inputs}
    output = frozen.outputs[0].name
    graph = frozen.graph.as_graph_def()

    whole = Module(_needed(tf, graph, output), names[CONTENT], output, names[STYLE], (1, STYLE_SIZE, STYLE_SIZE, 3))
    bottleneck = find_bottleneck(frozen.graph, names[CONTENT], names[STYLE], output)
    if bottleneck is None:
        return replace(whole, whole_because="no tensor separates its style from its picture")
    parts = Module(
        transform=_needed(tf, _cut(tf, graph, bottleneck), output),
        frame=names[CONTENT],
        output=output,
        code=bottleneck.name,
        code_shape=_shape_for_one(bottleneck),
        encode=_needed(tf, graph, bottleneck.name),
        style=names[STYLE],
    )
    difference = _difference(parts, frozen)
    if not difference <= tolerance:  # NaN counts as different
        return replace(whole, whole_because=f"its two parts differ from the whole by {difference:.2g}")
    return parts


def find_bottleneck(graph, content: str, style: str, output: str):
    """The tensor that carries all that the output knows of the style: the smallest, and the first of those.

    Candidates depend on the style and not on the content, and have a known size for one picture.
    Look-alikes do not separate: the style still reaches the output by another way. None where none does.
    """
    operations = graph.get_operations()  # in topological order
    ways = [
        (one.name, {tensor.op.name for tensor in one.inputs} | {before.name for before in one.control_inputs})
        for one in operations
    ]
    behind_style, behind_content = _dependents(ways, style), _dependents(ways, content)
    best, best_size = None, np.inf
    for operation in operations:
        if operation.name not in behind_style or operation.name in behind_content:
            continue
        if operation.type == "Placeholder" or len(operation.outputs) != 1:
            continue
        tensor = operation.outputs[0]
        shape = _shape_for_one(tensor)
        if tensor.dtype.name != "float32" or shape is None or np.prod(shape) >= best_size:
            continue
        if output.split(":")[0] not in _dependents(ways, style, cut=operation.name):
            best, best_size = tensor, np.prod(shape)
    return best


def _shape_for_one(tensor) -> tuple[int, ...] | None:
    """The tensor's shape for a batch of one; None where more than the batch is unknown."""
    if not tensor.shape.rank or None in tensor.shape[1:].as_list():
        return None
    return (tensor.shape[0] or 1, *tensor.shape[1:].as_list())


def _dependents(ways: list[tuple[str, set[str]]], source: str, cut: str = "") -> set[str]:
    """Names of the operations that depend on the tensor `source` by a way that does not pass `cut`."""
    reached = {source.split(":")[0]}
    for name, before in ways:
        if name != cut and not reached.isdisjoint(before):
            reached.add(name)
    return reached


def _cut(tf, graph, bottleneck):
    """The graph with the tensor `bottleneck` as an input."""
    cut = tf.compat.v1.GraphDef()
    cut.CopyFrom(graph)
    for node in cut.node:
        if node.name == bottleneck.op.name:
            node.Clear()
            node.name, node.op = bottleneck.op.name, "Placeholder"
            node.attr["dtype"].type = bottleneck.dtype.as_datatype_enum
            node.attr["shape"].shape.CopyFrom(bottleneck.shape.as_proto())
    return cut


def _needed(tf, graph, output: str):
    """The graph without what the tensor `output` does not need."""
    before = {node.name: [name.lstrip("^").split(":")[0] for name in node.input] for node in graph.node}
    needed, ways = set(), [output.split(":")[0]]
    while ways:
        name = ways.pop()
        if name not in needed:
            needed.add(name)
            ways += before[name]
    return tf.compat.v1.GraphDef(
        node=[node for node in graph.node if node.name in needed], library=graph.library, versions=graph.versions
    )


def graph_function(graph, inputs: list[str], outputs: str | Sequence[str]) -> Callable:
    """A function of tensors, in the order of `inputs`, that computes the tensor or tensors `outputs` of a graph."""
    import tensorflow as tf

    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    tensor = imported.graph.get_tensor_by_name
    found = tensor(outputs) if isinstance(outputs, str) else [tensor(name) for name in outputs]
    return imported.prune([tensor(name) for name in inputs], found)


def style_input(image) -> np.ndarray:
    """A style picture (uint8 BGR, any size) as the module wants it: float32 RGB 1 x 256 x 256 x 3 in [0, 1].

    The middle square is taken, as the hub's own tutorial does, so that strokes keep their direction.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    square = resize(square, (STYLE_SIZE, STYLE_SIZE))
    return np.float32(square[np.newaxis, :, :, ::-1]) / np.float32(255)


def _difference(parts: Module, whole) -> float:
    """Largest difference between the two parts in a row and the whole function, on noise of unequal sides."""
    import tensorflow as tf

    noise = np.random.default_rng(0)
    content = tf.constant(noise.random((1, 64, 96, 3), np.float32))
    style = tf.constant(noise.random((1, STYLE_SIZE, STYLE_SIZE, 3), np.float32))
    together = whole(**{CONTENT: content, STYLE: style})[0]
    code = graph_function(parts.encode, [parts.style], parts.code)(style)
    abs_difference = graph_function(parts.transform, [parts.frame, parts.code], parts.output)(content, code)
    return float(tf.reduce_max(tf.abs(together - abs_difference)))


def first_line(reason: Exception) -> str:
    return f"{type(reason).__name__}: {str(reason).strip().splitlines()[0] if str(reason).strip() else ''}"
