"""How good a model's pictures are: content kept, style captured, steadiness of video.

All figures compare features of one fixed network (VGG-16), so that models are measured by the same eye:

content error   mean squared difference of block3_conv3 features of output and photo, over their variance in the photo
style error     mean over the last convolutions of blocks 1 to 4 of ||G_out - G_style||^2 / ||G_style||^2,
                G the Gram matrix over positions
style captured  1 - style error / style error of the photo as it is
warping error   see `flow`

Content and style errors of a model are means over its pairs of photo and painting. Its style captured is taken from
those means: 1 - mean style error / mean style error of the untouched photos. The mean of the pairs' own figures would
be something else: it is ruled by pairs that are alike to begin with, where little is left to capture.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import SourceError
from ..frames import Image, RenderParams, StyleCode
from ..media.images import SUFFIXES, images_in, read_image, write_image
from ..media.paths import check_writable
from ..media.resize import resize
from ..networks.registry import open_network
from ..nst.losses import mean_gram
from ..nst.vgg import Vgg, load_features
from ..stylizer import Stylizer
from ..temporal.filter import TemporalFilter
from .contact_sheet import contact_sheet
from .warping import consistent, estimate_flow, read_flow, warping_error

CONTENT_LAYER = "block3_conv3"
STYLE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")


PAIR_FIGURES = ("content_error", "style_error", "style_captured")


@dataclass
class ModelFigures:
    """A model's figures, as defined above. Without clips the warping figures are None."""

    model: str
    content_error: float = 0.0
    style_error: float = 0.0
    style_captured: float = 0.0
    medians: dict[str, float] = field(default_factory=dict)
    """Of the pairs' own figures, by name."""
    worst: dict[str, dict] = field(default_factory=dict)
    """By figure the pair where it is worst."""
    warping_error: float | None = None
    """Mean over pairs of frames and paintings, of frames stylized one by one."""
    steady_warping_error: float | None = None
    """The same of frames as `pipeline.run` makes them, kept from flickering."""
    input_warping_error: float | None = None
    """That of the frames as they are."""
    warping_ratio: float | None = None
    pairs: list[dict] = field(default_factory=list)
    """Each one's photo, painting, figures and untouched_style_error."""

    def summarize(self) -> None:
        """Fill in what follows from the pairs."""
        values = {name: np.array([pair[name] for pair in self.pairs]) for name in PAIR_FIGURES}
        self.content_error, self.style_error = (float(values[name].mean()) for name in PAIR_FIGURES[:2])
        untouched = float(np.mean([pair["untouched_style_error"] for pair in self.pairs]))
        self.style_captured = 1 - self.style_error / untouched
        self.medians = {name: float(np.median(values[name])) for name in PAIR_FIGURES}
        worst = {name: values[name].argmin() if name == "style_captured" else values[name].argmax() for name in values}
        self.worst = {name: self.pairs[index] for name, index in worst.items()}

    def as_dict(self) -> dict:
        """For JSON: the warping figures only where there were clips."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class FeatureExtractor:
    """What is measured of a picture: its content features and its Gram matrices."""

    def __init__(self, vgg: Vgg):
        self._vgg = vgg

    def look(self, image: Image) -> tuple[np.ndarray, list[np.ndarray]]:
        """(block3_conv3 features 1 x H x W x N, Gram matrices of STYLE_LAYERS) of a uint8 BGR picture."""
        from keras import ops

        found = self._vgg(ops.convert_to_tensor(image[np.newaxis].astype("float32")), STYLE_LAYERS)
        grams = [ops.convert_to_numpy(mean_gram(found[layer]))[0] for layer in STYLE_LAYERS]
        return ops.convert_to_numpy(found[CONTENT_LAYER]), grams


def content_error(photo: np.ndarray, out: np.ndarray) -> float:
    """Mean squared difference of two feature maps over the variance of the first."""
    return float(np.mean((out - photo) ** 2) / np.var(photo))


def style_error(style: Sequence[np.ndarray], out: Sequence[np.ndarray]) -> float:
    """Mean over layers of ||G_out - G_style||^2 / ||G_style||^2."""
    return float(np.mean([np.sum((o - s) ** 2) / np.sum(s**2) for s, o in zip(style, out)]))


def scaled_to(image: Image, long_side: int) -> Image:
    """The picture with its long side `long_side`, sides multiples of 8."""
    scale = long_side / max(image.shape[:2])
    height, width = (max(8, round(side * scale / 8) * 8) for side in image.shape[:2])
    return resize(image, (height, width))


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
    progress: Callable[[str], None] = lambda what: None,
) -> list[ModelFigures]:
    """Measure every model on every (photo, painting), and on clips where given, in one run.

    photos, paintings: folders of pictures; size: long side in pixels of both. work_sizes: long sides in pixels that the
    networks see, each measured; None: all of the picture. clips: a folder of video files, or of folders of frames with
    true flow (frame_NNNN.png, gt/frame_NNNN.flo). Raises InputError for what cannot be read or written, before the
    pairs are measured.
    """
    if json_file:
        check_writable(json_file)
    if sheet:
        check_writable(sheet, SUFFIXES)
    stylizers, figures = [], []
    for model in models:
        network = open_network(model, device)
        for processing_size in processing_sizes:
            stylizers.append(Stylizer(network, processing_size or sys.maxsize))
            figures.append(ModelFigures(f"{model} at {processing_size}" if processing_size else model))
    content = {path.stem: scaled_to(read_image(path), size) for path in _pictures(photos)}
    styles = {path.stem: scaled_to(read_image(path), size) for path in _pictures(paintings)}
    eye = FeatureExtractor(load_features(features))
    seen = {name: eye.look(photo) for name, photo in content.items()}
    codes = [{name: stylizer.encode(painting) for name, painting in styles.items()} for stylizer in stylizers]
    if clips:
        _measure_clips(figures, stylizers, [list(known.values()) for known in codes], clips, progress)
    # The first row of the sheet shows the photos, its first column the paintings.
    tiles = [("", np.full((8, 8, 3), 255, np.uint8))]
    tiles += [(name, photo) for name, photo in content.items() for _ in stylizers]
    for style_name, painting in styles.items():
        _, style_grams = eye.look(painting)
        tiles.append((style_name, painting))
        for photo_name, photo in content.items():
            untouched = style_error(style_grams, seen[photo_name][1])
            for stylizer, known, figure in zip(stylizers, codes, figures):
                progress(f"{figure.model}: {photo_name} in {style_name}")
                out = stylizer.stylize(photo, known[style_name])
                features_out, grams_out = eye.look(out)
                error = style_error(style_grams, grams_out)
                figure.pairs.append(
                    {
                        "photo": photo_name,
                        "painting": style_name,
                        "content_error": content_error(seen[photo_name][0], features_out),
                        "style_error": error,
                        "untouched_style_error": untouched,
                        "style_captured": 1 - error / untouched,
                    }
                )
                if sheet:
                    tiles.append((figure.model, out))
    for figure in figures:
        figure.summarize()
    if sheet:
        write_image(sheet, contact_sheet(tiles, columns=1 + len(content) * len(stylizers), side=200))
    if json_file:
        json_file.write_text(json.dumps({"models": [figure.as_dict() for figure in figures]}, indent=2) + "\n")
    return figures


def _pictures(folder: Path) -> list[Path]:
    found = [folder] if folder.is_file() else images_in(folder) if folder.is_dir() else []
    if not found:
        raise SourceError(f"there are no pictures in {folder}")
    return found


def _measure_clips(
    figures: list[ModelFigures],
    stylizers: list[Stylizer],
    codes: list[list[StyleCode]],
    clips: Path,
    progress: Callable[[str], None],
) -> None:
    """Warping errors of each model, the mean over styles and pairs of frames."""
    inputs: list[float] = []
    plain: list[list[float]] = [[] for _ in figures]
    steady: list[list[float]] = [[] for _ in figures]
    streams: list[list[TemporalFilter]] = []
    for pair in frame_pairs(clips):
        if pair.passed is None:
            streams = [[stylizer.temporal_filter() for _ in known] for stylizer, known in zip(stylizers, codes)]
        inputs.append(pair.warping_error(pair.one, pair.two))
        for number, stylizer in enumerate(stylizers):
            progress(f"{figures[number].model}: steadiness, pair {len(inputs)}")
            for code, stream in zip(codes[number], streams[number]):
                for frame in pair.passed or []:
                    stylizer.begin(frame, RenderParams(code), temporal_filter=stream)()
                both = pair.one, pair.two
                plain[number].append(pair.warping_error(*(stylizer.stylize(frame, code) for frame in both)))
                steady[number].append(
                    pair.warping_error(
                        *(stylizer.begin(frame, RenderParams(code), temporal_filter=stream)() for frame in both)
                    )
                )
    for number, figure in enumerate(figures):
        figure.warping_error, figure.input_warping_error = float(np.mean(plain[number])), float(np.mean(inputs))
        figure.steady_warping_error = float(np.mean(steady[number]))
        figure.warping_ratio = figure.warping_error / figure.input_warping_error


class FramePair(NamedTuple):
    """Two frames of a clip, one after the other."""

    one: Image
    two: Image
    flow: np.ndarray
    """From one to two, as `flow` has it."""
    visible: np.ndarray
    """The pixels that are seen in both: bool H x W."""
    passed: list[Image] | None = None
    """The clip's frames between the pair before and this one; None for the first pair of a clip."""

    def warping_error(self, one: Image, two: Image) -> float:
        """That of what was made of both frames."""
        return warping_error(one, two, self.flow, self.visible)


def frame_pairs(folder: Path, every: int = 10) -> Iterator[FramePair]:
    """Pairs of frames of the clips in a folder.

    True flow where a folder has it in gt/, with occlusions/ and invalid/ masks; of video files every `every`-th
    frame and the one after it, with estimated flow. Raises SourceError where there is nothing to measure.
    """
    found = False
    for flow_file in sorted(folder.rglob("*.flo")):
        found = True
        frames = flow_file.parent.parent
        number = int(flow_file.stem.split("_")[-1])
        one, two = (read_image(frames / f"frame_{n:04d}.png") for n in (number, number + 1))
        flow = read_flow(flow_file)
        masks = [flow_file.parent / kind / f"{flow_file.stem}.png" for kind in ("occlusions", "invalid")]
        hidden = [read_image(mask)[..., 0] > 127 for mask in masks if mask.exists()]
        yield FramePair(one, two, flow, ~np.any(hidden, axis=0) if hidden else np.ones(flow.shape[:2], bool))
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in (".mp4", ".mkv", ".mov", ".webm", ".avi")):
        found = True
        yield from _estimated_pairs(path, every)
    if not found:
        raise SourceError(f"{folder} holds neither video files nor frames with true flow (gt/*.flo)")


def _estimated_pairs(path: Path, every: int) -> Iterator[FramePair]:
    from ..sources.factory import open_source

    source = open_source(str(path), live=False)
    unpaired: list[Image] = []
    paired = False
    while (frame := source.read()) is not None:
        unpaired.append(frame.image)
        if len(unpaired) == (every if paired else 2):
            *passed, one, two = unpaired
            forward = estimate_flow(one, two)
            visible = consistent(forward, estimate_flow(two, one))
            yield FramePair(one, two, forward, visible, passed if paired else None)
            unpaired, paired = [], True
    source.close()
