"""Mixed precision: convolutions in float16, everything else in float32."""

from __future__ import annotations

from typing import Any


def half_convolutions(graph: Any) -> Any:
    """Return a frozen graph whose float32 Conv2D nodes compute in float16.

    A GPU multiplies float16 several times as fast, and XLA merges the casts into the neighbouring operations, so that
    half the bytes are moved. The means and variances of instance normalization stay in float32, because they sum over a
    whole frame.

    Args:
        graph: tf.compat.v1.GraphDef with constant weights.

    Returns:
        A new tf.compat.v1.GraphDef.
    """
    import tensorflow as tf

    half, single = tf.float16.as_datatype_enum, tf.float32.as_datatype_enum
    result = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)

    def cast(name: str, source: str, to: int) -> str:
        node = result.node.add(op="Cast", name=name, input=[source])
        node.attr["SrcT"].type, node.attr["DstT"].type = single if to == half else half, to
        return name

    for node in graph.node:
        if node.op != "Conv2D" or node.attr["T"].type != single:
            result.node.append(node)
            continue
        convolution = result.node.add()
        convolution.CopyFrom(node)
        convolution.name = f"{node.name}/float16"
        convolution.attr["T"].type = half
        data, weights, *controls = node.input
        convolution.input[:] = [
            cast(f"{node.name}/data", data, half),
            cast(f"{node.name}/weights", weights, half),
            *controls,
        ]
        cast(node.name, convolution.name, single)
    return result
