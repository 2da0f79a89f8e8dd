"""The transform of the fast network with a gradient: what `nst.fit` descends through, on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .fast import CODE, LOW, MAPS, WEIGHTS
from .hub_split import graph_function


def tensorflow_render(folder: Path = WEIGHTS) -> Callable[[Any, Any], Any]:
    """Make a differentiable function of the transform in `folder`.

    Args:
        folder: Holds transform.pb, as `FastNetwork` opens it.

    Returns:
        (frames float32 B x H x W x 3 BGR in 0..1, H and W multiples of 8; style vector float32 (N,)) -> stylized
        frames of the same kind, not clipped: TensorFlow tensors. They are what `FastNetwork` makes at a processing size
        of H x W, one frame after the other.
    """
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString((folder / "transform.pb").read_bytes())
    transform = graph_function(graph, [LOW, CODE], list(MAPS))

    def render(frames: Any, vector: Any) -> Any:
        low = tf.nn.avg_pool2d(frames, 2, 2, "VALID")
        code = tf.reshape(vector, (1, -1))
        made = []
        for number in range(frames.shape[0]):
            offset, gain = transform(low[number : number + 1], code)
            made.append(offset + tf.image.resize(gain, frames.shape[1:3]) * frames[number : number + 1])
        return tf.concat(made, 0)

    return render
