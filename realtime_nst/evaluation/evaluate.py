"""The evaluation run of `realtime-nst evaluate`: every model on every photo and painting, and on clips."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from ..errors import InputError, SourceError
from ..frames import Image, RenderParams, StyleCode
from ..media.images import SUFFIXES, images_in, read_image, write_image
from ..media.paths import check_writable
from ..media.resize import resize
from ..networks.registry import open_network
from ..nst.vgg import Vgg, load_features
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from .contact_sheet import Tile, contact_sheet
from .frame_pairs import frame_pairs
from .lpips import LEAST_SIDE, Lpips
from .metrics import FeatureExtractor, ModelFigures, content_error, style_error
from .strokes import stroke_rank, stroke_signature

Maker: TypeAlias = Callable[[Image, str, Image], Image]
"""(photo, name of the painting, painting) -> output, of the size of the photo."""

PHOTO_END, PAINTING_END = "the photo as it is", "the painting as it is"
"""The two ends of the scale of stroke retrieval and LPIPS: no style at all, nothing but style."""

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
    gallery: Path | None = None,
    lpips: Path | None = None,
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
        gallery: a folder of paintings among which a painting is looked for by the strokes of the output; `paintings`
            that it lacks are added to it, by name. None: stroke retrieval is not measured.
        lpips: weights of LPIPS (npz), see `Lpips`. None: it is not measured.
        device: "auto", "cpu" or "gpu".
        json_file: receives all figures.
        sheet: an image file that receives a contact sheet of all results.
        progress: receives a sentence about each measurement as it starts.

    Returns:
        One entry for each model and processing size; with `gallery` or `lpips` followed by the two ends of the scale:
        the photos as they are, and the paintings as they are.

    Raises:
        InputError: if something cannot be read or written; raised before the pairs are measured.
    """
    if json_file:
        check_writable(json_file)
    if sheet:
        check_writable(sheet, SUFFIXES)
    lpips_distance = Lpips(lpips) if lpips else None
    content = {path.stem: scale_to(read_image(path), size) for path in _images(photos)}
    styles = {path.stem: scale_to(read_image(path), size) for path in _images(paintings)}
    shown = {path.stem: scale_to(read_image(path), size) for path in _images(gallery)} if gallery else {}
    _check(content, shown | styles if gallery else None, lpips_distance)
    stylizers: list[Stylizer] = []
    figures: list[ModelFigures] = []
    for model in models:
        network = open_network(model, device)
        for processing_size in processing_sizes:
            stylizers.append(Stylizer(network, processing_size or sys.maxsize))
            figures.append(ModelFigures(f"{model} at {processing_size}" if processing_size else model))
    vgg = load_features(features)
    codes = [{name: stylizer.encode(painting) for name, painting in styles.items()} for stylizer in stylizers]
    if clips:
        _measure_clips(figures, stylizers, [list(of_one.values()) for of_one in codes], clips, progress)
    makers: list[Maker] = [_stylizing(stylizer, by_name) for stylizer, by_name in zip(stylizers, codes)]
    if gallery or lpips:
        makers += [lambda photo, *_: photo, lambda photo, _, painting: cover(painting, photo.shape[:2])]
        figures += [ModelFigures(PHOTO_END), ModelFigures(PAINTING_END)]
    strokes = StrokeGallery(shown | styles, vgg) if gallery else None
    meters = Meters(FeatureExtractor(vgg), strokes, lpips_distance)
    tiles = _measure_pairs(figures, makers, content, styles, meters, progress)
    for figure in figures:
        figure.summarize()
    if sheet:
        write_image(sheet, contact_sheet(tiles, columns=1 + len(content) * len(makers), side=TILE_SIDE))
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


class Meters(NamedTuple):
    """What pairs are measured with."""

    extractor: FeatureExtractor
    strokes: StrokeGallery | None
    lpips: Lpips | None


class StrokeGallery:
    """Paintings, by name, among which outputs are looked up by their strokes.

    Args:
        paintings: at least two images.
        vgg: the feature network.
    """

    def __init__(self, paintings: dict[str, Image], vgg: Vgg) -> None:
        self._vgg = vgg
        self._names = list(paintings)
        self._signatures = [stroke_signature(painting, vgg) for painting in paintings.values()]

    def rank(self, output: Image, painting: str) -> int:
        """Return the `stroke_rank` of an output that is to have the strokes of `painting`."""
        return stroke_rank(stroke_signature(output, self._vgg), self._signatures, self._names.index(painting))


def _stylizing(stylizer: Stylizer, codes: dict[str, StyleCode]) -> Maker:
    return lambda photo, name, painting: stylizer.stylize(photo, codes[name])


def _check(content: dict[str, Image], gallery: dict[str, Image] | None, lpips: Lpips | None) -> None:
    """Raise InputError if `gallery` is none, or photos are too small for LPIPS."""
    if gallery is not None and len(gallery) < 2:
        raise InputError("--gallery needs a folder of at least two paintings, to tell one from the others")
    small = [name for name, photo in content.items() if min(photo.shape[:2]) < LEAST_SIDE]
    if lpips and small:
        height, width = content[small[0]].shape[:2]
        raise InputError(
            f"--lpips needs photos of at least {LEAST_SIDE} pixels a side, and {small[0]} is measured at "
            f"{width}x{height}: give a larger --size"
        )


def cover(image: Image, size: tuple[int, int]) -> Image:
    """Scale an image until it covers `size` (height, width), and cut out the middle."""
    scale = max(requested / side for requested, side in zip(size, image.shape[:2]))
    height, width = (max(round(side * scale), requested) for side, requested in zip(image.shape[:2], size))
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    return resize(image, (height, width))[top : top + size[0], left : left + size[1]]


def _measure_pairs(
    figures: Sequence[ModelFigures],
    makers: Sequence[Maker],
    content: dict[str, Image],
    styles: dict[str, Image],
    meters: Meters,
    progress: Callable[[str], None],
) -> list[Tile]:
    """Measure every photo in every style; return the contact sheet: photos in the top row, paintings on the left."""
    extractor = meters.extractor
    photo_features = {name: extractor.extract(photo) for name, photo in content.items()}
    tiles: list[Tile] = [("", np.full((8, 8, 3), 255, np.uint8))]
    tiles += [(name, photo) for name, photo in content.items() for _ in makers]
    for painting_name, painting in styles.items():
        _, style_grams = extractor.extract(painting)
        tiles.append((painting_name, painting))
        for photo_name, photo in content.items():
            features, grams = photo_features[photo_name]
            untouched = style_error(style_grams, grams)
            for make, figure in zip(makers, figures):
                progress(f"{figure.model}: {photo_name} in {painting_name}")
                output = make(photo, painting_name, painting)
                output_features, output_grams = extractor.extract(output)
                figure.add(
                    photo_name,
                    painting_name,
                    content_error(features, output_features),
                    style_error(style_grams, output_grams),
                    untouched,
                    meters.strokes.rank(output, painting_name) if meters.strokes else None,
                    meters.lpips(photo, output) if meters.lpips else None,
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
