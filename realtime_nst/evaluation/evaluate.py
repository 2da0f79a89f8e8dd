"""The evaluation run of `realtime-nst evaluate`: every model on every photo and painting, and on clips."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..errors import SourceError
from ..frames import Image, RenderParams, StyleCode
from ..media.images import SUFFIXES, images_in, read_image, write_image
from ..media.paths import check_writable
from ..media.resize import resize
from ..networks.registry import open_network
from ..nst.vgg import load_features
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from .contact_sheet import Tile, contact_sheet
from .frame_pairs import frame_pairs
from .metrics import FeatureExtractor, ModelFigures, content_error, style_error

TILE_SIDE = 200
"""Side of an image on the contact sheet, in pixels."""


def evaluate(
    models: Sequence[str],
    photos: Path,
    paintings: Path,
    features: Path,
    *,
    size: int = 384,
    processing_sizes: Sequence[int | None] = (None,),
    clips: Path | None = None,
    device: str = "auto",
    json_file: Path | None = None,
    sheet: Path | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> list[ModelFigures]:
    """Measure every model on every pair of photo and painting, and on clips.

    Args:
        models: values of `--model`.
        photos: an image file, or a folder of them.
        paintings: an image file, or a folder of them.
        features: VGG-16 weights (npz).
        size: long side, in pixels, to which photos and paintings are scaled.
        processing_sizes: each model is measured at each of these; None: at the size of the photo.
        clips: see `frame_pairs`. None: video is not measured.
        device: "auto", "cpu" or "gpu".
        json_file: receives all figures.
        sheet: an image file that receives a contact sheet of all results.
        progress: receives a sentence about each measurement as it starts.

    Returns:
        One entry for each model and processing size.

    Raises:
        InputError: if something cannot be read or written; raised before the pairs are measured.
    """
    if json_file:
        check_writable(json_file)
    if sheet:
        check_writable(sheet, SUFFIXES)
    stylizers: list[Stylizer] = []
    figures: list[ModelFigures] = []
    for model in models:
        network = open_network(model, device)
        for processing_size in processing_sizes:
            stylizers.append(Stylizer(network, processing_size or sys.maxsize))
            figures.append(ModelFigures(f"{model} at {processing_size}" if processing_size else model))
    content = {path.stem: scale_to(read_image(path), size) for path in _images(photos)}
    styles = {path.stem: scale_to(read_image(path), size) for path in _images(paintings)}
    extractor = FeatureExtractor(load_features(features))
    codes = [{name: stylizer.encode(painting) for name, painting in styles.items()} for stylizer in stylizers]
    if clips:
        _measure_clips(figures, stylizers, [list(of_one.values()) for of_one in codes], clips, progress)
    tiles = _measure_pairs(figures, stylizers, codes, content, styles, extractor, progress)
    for figure in figures:
        figure.summarize()
    if sheet:
        write_image(sheet, contact_sheet(tiles, columns=1 + len(content) * len(stylizers), side=TILE_SIDE))
    if json_file:
        json_file.write_text(json.dumps({"models": [figure.as_dict() for figure in figures]}, indent=2) + "\n")
    return figures


def scale_to(image: Image, long_side: int) -> Image:
    """Scale an image to a long side in pixels, with both sides multiples of 8."""
    scale = long_side / max(image.shape[:2])
    height, width = (max(8, round(side * scale / 8) * 8) for side in image.shape[:2])
    return resize(image, (height, width))


def _images(path: Path) -> list[Path]:
    found = [path] if path.is_file() else images_in(path) if path.is_dir() else []
    if not found:
        raise SourceError(f"there are no images in {path}")
    return found


def _measure_pairs(
    figures: Sequence[ModelFigures],
    stylizers: Sequence[Stylizer],
    codes: Sequence[dict[str, StyleCode]],
    content: dict[str, Image],
    styles: dict[str, Image],
    extractor: FeatureExtractor,
    progress: Callable[[str], None],
) -> list[Tile]:
    """Measure every photo in every style; return the contact sheet: photos in the top row, paintings on the left."""
    photo_features = {name: extractor.extract(photo) for name, photo in content.items()}
    tiles: list[Tile] = [("", np.full((8, 8, 3), 255, np.uint8))]
    tiles += [(name, photo) for name, photo in content.items() for _ in stylizers]
    for painting_name, painting in styles.items():
        _, style_grams = extractor.extract(painting)
        tiles.append((painting_name, painting))
        for photo_name, photo in content.items():
            features, grams = photo_features[photo_name]
            untouched = style_error(style_grams, grams)
            for stylizer, codes_by_name, figure in zip(stylizers, codes, figures):
                progress(f"{figure.model}: {photo_name} in {painting_name}")
                output = stylizer.stylize(photo, codes_by_name[painting_name])
                output_features, output_grams = extractor.extract(output)
                figure.add(
                    photo_name,
                    painting_name,
                    content_error(features, output_features),
                    style_error(style_grams, output_grams),
                    untouched,
                )
                tiles.append((figure.model, output))
    return tiles


def _measure_clips(
    figures: Sequence[ModelFigures],
    stylizers: Sequence[Stylizer],
    codes: Sequence[list[StyleCode]],
    clips: Path,
    progress: Callable[[str], None],
) -> None:
    """Measure each model's warping errors: means over styles and pairs of frames."""
    inputs: list[float] = []
    plain: list[list[float]] = [[] for _ in figures]
    steady: list[list[float]] = [[] for _ in figures]
    filters: list[list[TemporalFilter]] = []
    for pair in frame_pairs(clips):
        if pair.passed is None:  # a new clip
            filters = [[stylizer.temporal_filter() for _ in of_one] for stylizer, of_one in zip(stylizers, codes)]
        inputs.append(pair.warping_error(pair.one, pair.two))
        for number, stylizer in enumerate(stylizers):
            progress(f"{figures[number].model}: steadiness, pair {len(inputs)}")
            for code, temporal_filter in zip(codes[number], filters[number]):
                one, two = (stylizer.stylize(frame, code) for frame in (pair.one, pair.two))
                plain[number].append(pair.warping_error(one, two))
                stream = [*(pair.passed or []), pair.one, pair.two]
                *_, one, two = (stylizer.begin(frame, RenderParams(code), None, temporal_filter)() for frame in stream)
                steady[number].append(pair.warping_error(one, two))
    for number, figure in enumerate(figures):
        figure.warping_error, figure.input_warping_error = float(np.mean(plain[number])), float(np.mean(inputs))
        figure.steady_warping_error = float(np.mean(steady[number]))
        figure.warping_ratio = figure.warping_error / figure.input_warping_error
