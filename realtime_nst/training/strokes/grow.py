"""Make a run of the network in `strokes.network` from one of that in `network`: the same pictures from more room.

    python -m realtime_nst.training.strokes.grow RUN GROWN

RUN comes from `python -m realtime_nst.training.restore`. New blocks begin nearly without effect, new parts of the
predictor without any.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import keras
import numpy as np
from keras import layers, ops

from realtime_nst.media.images import images_in, read_image
from realtime_nst.training.data import no_larger
from realtime_nst.training.network import Differences, Shape
from realtime_nst.training.strokes.network import StrokeShape, StyledDepthwise, build_predictor, build_seeded
from realtime_nst.training.train import load_networks, save_weights


def kept_blocks(old: Shape, new: StrokeShape) -> list[int]:
    """For each normalization of the old network that of the new which it becomes: new blocks come after old ones."""
    coarse = 2 + 2 * old.blocks[0]
    first_fine = 2 + 2 * new.blocks[0]
    return [*range(coarse), *range(first_fine, first_fine + 2 * old.blocks[1])]


def grown_modulations(old: Shape, new: StrokeShape, values: np.ndarray) -> np.ndarray:
    """Scales and shifts of the old network, ... x numbers, as those of the new one; of new normalizations they are 0,
    but for the last of each new block, whose scales are such that the block has little effect."""
    widths = [old.widths[0], *[old.widths[1]] * (1 + 2 * old.blocks[0]), *[old.widths[0]] * 2 * old.blocks[1]]
    grown = np.zeros((*values.shape[:-1], new.modulations), values.dtype)
    for number, place in enumerate(kept_blocks(old, new)):
        begin, at = 2 * sum(widths[:number]), 2 * sum(new.maps[:place])
        grown[..., at : at + 2 * widths[number]] = values[..., begin : begin + 2 * widths[number]]
    grown[..., -old.widths[0] :] = values[..., -old.widths[0] :]
    return grown


def silenced(old: Shape, new: StrokeShape, scale: float = -0.9) -> np.ndarray:
    """`scale` for the scales of the second normalization of each new block, 0 elsewhere."""
    bias = np.zeros(new.modulations, np.float32)
    kept = set(kept_blocks(old, new))
    for place, width in enumerate(new.maps):
        if place not in kept and place % 2 == 1:
            at = 2 * sum(new.maps[:place])
            bias[at : at + width] = scale
    return bias


def grow(
    style_network: keras.Model, maps: keras.Model, old: Shape, new: StrokeShape
) -> tuple[keras.Model, keras.Model]:
    """The predictor and seeded maps of shape `new` that do what the old networks do, where the seed is 0."""
    predictor, seeded = build_predictor(new), build_seeded(new)
    value = ops.convert_to_numpy

    def of(network: keras.Model, *kinds: type) -> list:
        return [layer for layer in network.layers if isinstance(layer, kinds) and layer.weights]

    convolutions = (layers.Conv2D, layers.DepthwiseConv2D)
    mine = [layer for layer in of(predictor, *convolutions) if not layer.name.startswith("correlated")]
    for layer, source in zip(mine, of(style_network, *convolutions), strict=True):
        layer.set_weights([value(v) for v in source.weights])
    theirs = of(style_network, layers.Dense)
    for name, source in zip(("code_hidden", "code"), theirs, strict=True):
        predictor.get_layer(name).set_weights([value(v) for v in source.weights])
    statistics = style_network.get_layer("statistics")
    predictor.get_layer("statistics").set_weights([value(v) for v in statistics.weights])
    predictor.get_layer("hidden").set_weights([value(v) for v in maps.get_layer("hidden").weights])
    dense = next(layer for layer in of(maps, layers.Dense) if layer.name != "hidden")
    kernel, bias = (grown_modulations(old, new, value(v)) for v in dense.weights)
    wide = np.zeros((new.wide[1], new.modulations), np.float32)
    predictor.get_layer("modulations").set_weights([np.vstack([kernel, wide]), bias + silenced(old, new)])

    # In order: e1, then a depthwise and a pointwise convolution for each normalization, and the others in between.
    pointwise = [layer for layer in of(maps, layers.Conv2D) if not isinstance(layer, layers.DepthwiseConv2D)]
    grown_pointwise = of(seeded, layers.Conv2D)
    depthwise, grown_depthwise = of(maps, layers.DepthwiseConv2D), of(seeded, StyledDepthwise)
    places = kept_blocks(old, new)
    for source, place in zip(depthwise, places[1:], strict=True):
        grown_depthwise[place - 1].set_weights([value(v) for v in source.weights])
    # The convolutions between coarse and fine blocks are two: after the coarse ones.
    coarse_old, coarse_new = 2 + 2 * old.blocks[0], 2 + 2 * new.blocks[0]
    fine_old, fine_new = 2 * old.blocks[1], 2 * new.blocks[1]
    pairs = [(i, i) for i in range(coarse_old)]
    pairs += [(coarse_old + i, coarse_new + i) for i in range(2 + fine_old)]
    rest_old, rest_new = coarse_old + 2 + fine_old, coarse_new + 2 + fine_new
    pairs += [(rest_old + i, rest_new + i) for i in range(len(pointwise) - rest_old)]
    for source, target in pairs:
        assert pointwise[source].kernel.shape == grown_pointwise[target].kernel.shape
        grown_pointwise[target].set_weights([value(v) for v in pointwise[source].weights])
    for source, target in zip(of(maps, Differences), of(seeded, Differences), strict=True):
        target.set_weights([value(v) for v in source.weights])
    return predictor, seeded


def emphasize(predictor: keras.Model, pictures: list[np.ndarray], by: float) -> None:
    """Make what is predicted `by` times as far from the mean over `pictures` (float32, 0..1) as it is: what a predictor
    learned by least squares differs too little from style to style (shrinkage), and strokes of all styles are alike."""
    vectors = [ops.convert_to_numpy(predictor(ops.convert_to_tensor(picture[np.newaxis])))[0] for picture in pictures]
    layer = predictor.get_layer("modulations")
    kernel, bias = (ops.convert_to_numpy(value) for value in layer.weights)
    mean = np.mean(vectors, axis=0)[: len(bias)]
    layer.set_weights([by * kernel, by * bias + (1 - by) * mean])


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("grown", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--paintings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of pictures over which --emphasis takes the mean.",
)
@click.option(
    "--emphasis", default=1.0, show_default=True, help="By how much further from the mean of all styles each becomes."
)
def main(run: Path, grown: Path, paintings: Path | None, emphasis: float) -> None:
    """Write a run to GROWN that makes the pictures of RUN, with more room."""
    if emphasis != 1 and paintings is None:
        raise click.UsageError("--emphasis needs pictures to take the mean of: give --paintings FOLDER")
    keras.utils.set_random_seed(1)
    style_network, maps, old = load_networks(run)
    shape = StrokeShape()
    grown.mkdir(parents=True, exist_ok=True)
    predictor, seeded = grow(style_network, maps, old, shape)
    if emphasis != 1 and paintings is not None:
        pictures = [no_larger(read_image(path), 200).astype(np.float32) / 255 for path in images_in(paintings)]
        emphasize(predictor, pictures, emphasis)
    for network in (predictor, seeded):
        save_weights(grown, network)
    (grown / "shape.json").write_text(json.dumps(asdict(shape)))


if __name__ == "__main__":
    main()
