"""A differentiable transform of the fast network on TensorFlow, for `nst.fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .base import Render
from .fast import CODE, LOW, MAPS, WEIGHTS
from .hub_split import graph_function


def tensorflow_render(folder: Path = WEIGHTS) -> Render:
    """Return the transform in `folder` as a differentiable function.

    Args:
        folder: the folder that holds transform.pb, as in `FastNetwork`.

    Returns:
        (frames float32 B x H x W x 3 BGR in 0..1, H and W multiples of 8; style vector float32 (N,)) -> stylized
        frames of the same shape and range, not clipped: TensorFlow tensors. They equal the output of `FastNetwork` at a
        processing size of H x W.
    """
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString((folder / "transform.pb").read_bytes())
    transform = graph_function(graph, [LOW, CODE], list(MAPS))

    def render(frames: Any, vector: Any) -> Any:
        low = tf.nn.avg_pool2d(frames, 2, 2, "VALID")
        code = tf.reshape(vector, (1, -1))
        outputs = []
        for number in range(frames.shape[0]):
            offset, gain = transform(low[number : number + 1], code)
            outputs.append(offset + tf.image.resize(gain, frames.shape[1:3]) * frames[number : number + 1])
        return tf.concat(outputs, 0)

    return render
