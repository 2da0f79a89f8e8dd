"""Magenta's arbitrary-style module, split in two (Ghiasi et al., "Exploring the structure of a real-time, arbitrary
neural artistic stylization network", 2017).

The module is one function, image and style image -> image, that contains two networks: one computes a vector of 100
numbers from the style image, the other stylizes the image given that vector. After the split, the first runs once per
style and only the second runs for every frame.

Everything here needs TensorFlow, which is imported inside the functions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import ModelError
from ..frames import Image
from ..media.resize import resize
from .runtimes.base import first_line

GraphDef: TypeAlias = Any
"""tf.compat.v1.GraphDef. TensorFlow is not imported here, and its type stubs are incomplete."""

CONTENT, STYLE, OUTPUT = "placeholder", "placeholder_1", "output_0"
"""The names of the module's two inputs and its output: float32 RGB in [0, 1], N x H x W x 3."""

STYLE_SIZE = 256
"""Side, in pixels, of the style images that the module was trained on."""


@dataclass(frozen=True)
class Module:
    """The module as frozen graphs, whole or in two parts.

    A module that was not split has no `encode`: its `transform` is the whole, and its code is the style image.
    """

    transform: GraphDef
    frame: str
    """The tensor of `transform` that takes the frame."""
    output: str
    """The tensor of `transform` that is the stylized frame."""
    code: str
    """The tensor between the parts."""
    code_shape: tuple[int, ...]
    """Its shape for one style."""
    encode: GraphDef | None = None
    style: str = ""
    """The tensor of `encode` that takes the style image."""
    whole_because: str = ""
    """Why the module was not split; empty if it was."""


def load_module(folder: Path) -> Any:
    """Load a SavedModel that has the module's interface, as TensorFlow's own object.

    Raises:
        ModelError: if the folder holds no SavedModel, or one with another interface, or tensorflow-hub is missing.
    """
    if not (folder / "saved_model.pb").is_file():
        raise not_a_saved_model(folder)
    hub = _tensorflow_hub()
    try:
        module = hub.load(str(folder))
    except Exception as error:  # TensorFlow raises half a dozen unrelated kinds for a damaged model
        raise ModelError(f"TensorFlow cannot load {folder}: {first_line(error)}") from error
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


def _tensorflow_hub() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports pkg_resources, which warns that it is deprecated
            import tensorflow_hub
    except ImportError as error:  # setuptools 82 dropped pkg_resources
        raise ModelError(
            f"tensorflow-hub cannot be loaded: {error}. Fix it with: pip install tensorflow-hub 'setuptools<82'"
        ) from error
    return tensorflow_hub


def check_module(folder: str) -> None:
    """Check that a module runs, on a random image. It is a program: call this in a process of its own.

    Raises:
        ModelError: if it fails, or computes no image.
    """
    run_whole(load_module(Path(folder)), folder)


def run_whole(module: Any, name: object) -> None:
    """Run a module on a random image. Raises ModelError if it fails, or computes no image."""
    import tensorflow as tf

    content, style = _noise()
    try:
        output = module.signatures["serving_default"](**{CONTENT: content, STYLE: style})[OUTPUT]
        shape, finite = output.shape.as_list(), bool(tf.reduce_all(tf.math.is_finite(output)))
    except Exception as error:  # whatever its code raises
        raise ModelError(f"{name} does not work: {first_line(error)}") from error
    height, width = content.shape[1:3]
    if len(shape) != 4 or shape[0] != 1 or shape[3] != 3 or shape[1] < height or shape[2] < width:
        raise ModelError(f"{name} does not work: of an image of {width}x{height} it makes an array of shape {shape}")
    if not finite:
        raise ModelError(f"{name} does not work: it computes NaN or infinite values instead of an image")


def _noise() -> tuple[Any, Any]:
    """Return a random image of unequal sides and a random style image, as a module takes them."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    content = tf.constant(rng.random((1, 64, 96, 3), np.float32))
    return content, tf.constant(rng.random((1, STYLE_SIZE, STYLE_SIZE, 3), np.float32))


def not_a_saved_model(folder: Path) -> ModelError:
    """Return the error for a folder without saved_model.pb."""
    return ModelError(
        f"{folder} is not a SavedModel: it has no saved_model.pb. Give the folder that holds it, "
        "or --model hub, or --model fast."
    )


def split(module: Any, tolerance: float = 1e-4) -> Module:
    """Split the module at its bottleneck; leave it whole, with the reason, if that does not work.

    The two parts in sequence are compared with the whole on random images.

    Args:
        module: what `load_module` returned.
        tolerance: largest difference of a value, in units of full range, at which the parts are accepted.
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
        return replace(whole, whole_because="no tensor separates its style from its image")
    parts = Module(
        transform=_needed(tf, _cut(tf, graph, bottleneck), output),
        frame=names[CONTENT],
        output=output,
        code=bottleneck.name,
        code_shape=_shape_for_one(bottleneck) or (),
        encode=_needed(tf, graph, bottleneck.name),
        style=names[STYLE],
    )
    difference = _max_difference(parts, frozen)
    if not difference <= tolerance:  # true for NaN
        return replace(whole, whole_because=f"its two parts differ from the whole by {difference:.2g}")
    return parts


def find_bottleneck(graph: Any, content: str, style: str, output: str) -> Any | None:
    """Return the smallest tensor through which all information about the style passes; the first of several.

    Candidates depend on the style image but not on the content image, and have a known size for a single image.

    Args:
        graph: tf.Graph.
        content: name of the input tensor of the content image.
        style: name of the input tensor of the style image.
        output: name of the output tensor.

    Returns:
        tf.Tensor; None if the style always reaches the output on another path too.
    """
    operations = graph.get_operations()  # in topological order
    edges = [
        (each.name, {tensor.op.name for tensor in each.inputs} | {control.name for control in each.control_inputs})
        for each in operations
    ]
    behind_style, behind_content = _dependents(edges, style), _dependents(edges, content)
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
        if output.split(":")[0] not in _dependents(edges, style, cut=operation.name):
            best, best_size = tensor, np.prod(shape)
    return best


def _shape_for_one(tensor: Any) -> tuple[int, ...] | None:
    """Return the tensor's shape for a batch of one; None if more than the batch size is unknown."""
    if not tensor.shape.rank or None in tensor.shape[1:].as_list():
        return None
    return (tensor.shape[0] or 1, *tensor.shape[1:].as_list())


def _dependents(edges: list[tuple[str, set[str]]], source: str, cut: str = "") -> set[str]:
    """Return the operations that depend on the tensor `source` by a path that avoids `cut`.

    Args:
        edges: each operation's name and the names of its inputs, in topological order.
        source: name of the tensor.
        cut: name of an operation.
    """
    reached = {source.split(":")[0]}
    for name, inputs in edges:
        if name != cut and not reached.isdisjoint(inputs):
            reached.add(name)
    return reached


def _cut(tf: Any, graph: GraphDef, bottleneck: Any) -> GraphDef:
    """Return the graph with the tensor `bottleneck` as an input."""
    cut = tf.compat.v1.GraphDef()
    cut.CopyFrom(graph)
    for node in cut.node:
        if node.name == bottleneck.op.name:
            node.Clear()
            node.name, node.op = bottleneck.op.name, "Placeholder"
            node.attr["dtype"].type = bottleneck.dtype.as_datatype_enum
            node.attr["shape"].shape.CopyFrom(bottleneck.shape.as_proto())
    return cut


def _needed(tf: Any, graph: GraphDef, output: str) -> GraphDef:
    """Return the graph without the nodes that the tensor `output` does not need."""
    inputs = {node.name: [name.lstrip("^").split(":")[0] for name in node.input] for node in graph.node}
    needed, pending = set(), [output.split(":")[0]]
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += inputs[name]
    return tf.compat.v1.GraphDef(
        node=[node for node in graph.node if node.name in needed], library=graph.library, versions=graph.versions
    )


def graph_function(graph: GraphDef, inputs: list[str], outputs: str | Sequence[str]) -> Callable[..., Any]:
    """Make a function of tensors from a frozen graph.

    Args:
        graph: the graph.
        inputs: the tensors that the function takes, in order.
        outputs: the tensor that it returns, or the tensors, as a list.
    """
    import tensorflow as tf

    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    tensor = imported.graph.get_tensor_by_name
    fetches = tensor(outputs) if isinstance(outputs, str) else [tensor(name) for name in outputs]
    return imported.prune([tensor(name) for name in inputs], fetches)


def style_input(image: Image) -> np.ndarray:
    """Convert a style image (uint8 BGR, any size) to the module's input: float32 RGB in [0, 1], 1 x 256 x 256 x 3.

    The central square is used, as in the hub's own tutorial, so that strokes keep their proportions.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = resize(image[top : top + side, left : left + side], (STYLE_SIZE, STYLE_SIZE))
    return square[np.newaxis, :, :, ::-1].astype(np.float32) / np.float32(255)


def _max_difference(parts: Module, whole: Callable[..., Any]) -> float:
    """Return the largest difference between the two parts in sequence and the whole, on noise of unequal sides."""
    import tensorflow as tf

    content, style = _noise()
    expected = whole(**{CONTENT: content, STYLE: style})[0]
    code = graph_function(parts.encode, [parts.style], parts.code)(style)
    output = graph_function(parts.transform, [parts.frame, parts.code], parts.output)(content, code)
    return float(tf.reduce_max(tf.abs(expected - output)))
