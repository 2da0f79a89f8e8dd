"""Quality metrics of stylized images: content kept and style captured.

All compare features of one fixed network, VGG-16, so that models are measured alike:

content error   mean squared difference between the block3_conv3 features of output and photo, divided by their variance
                in the photo
style error     mean over the last convolutions of blocks 1 to 4 of ||G_out - G_style||^2 / ||G_style||^2, where G is
                the Gram matrix divided by the number of positions
style captured  1 - style error / style error of the untouched photo
stroke rank     how many paintings of a gallery have strokes at least as near to the output's as its own painting's:
                1 if its own is the nearest; see `strokes`
stroke retrieval  the share of outputs whose stroke rank is 1
lpips           how different output and photo look; see `lpips`

The content and style error of a model are means over its pairs of photo and painting. Its style captured is computed
from those means: 1 - mean style error / mean style error of the untouched photos. The mean of the pairs' own figures
would be dominated by pairs that are alike to begin with, where little style is left to capture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

import numpy as np

from ..frames import Image
from ..nst.losses import mean_gram
from ..nst.vgg import Vgg

CONTENT_LAYER = "block3_conv3"
STYLE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3")

PAIR_FIGURES = ("content_error", "style_error", "style_captured")
"""The figures that every pair has."""

OPTIONAL_FIGURES = ("stroke_rank", "lpips")
"""The figures that a pair has if a gallery or LPIPS weights were given."""


class PairFigures(TypedDict):
    """The figures of one photo in the style of one painting."""

    photo: str
    painting: str
    content_error: float
    style_error: float
    untouched_style_error: float
    """The style error of the photo itself."""
    style_captured: float


class OptionalFigures(PairFigures, total=False):
    """A pair's figures with those that were asked for."""

    stroke_rank: float
    lpips: float


@dataclass
class ModelFigures:
    """A model's figures. Those of video are None if no clips were measured; see `warping.warping_error`."""

    model: str
    content_error: float = 0.0
    style_error: float = 0.0
    style_captured: float = 0.0
    stroke_retrieval: float | None = None
    """Share of outputs whose own painting is the nearest of the gallery by strokes; None: no gallery was given."""
    lpips: float | None = None
    """Mean LPIPS distance between output and photo; None: no weights were given."""
    medians: dict[str, float] = field(default_factory=dict)
    """The medians of the pairs' own figures, by name."""
    worst: dict[str, OptionalFigures] = field(default_factory=dict)
    """The worst pair, by name of the figure."""
    warping_error: float | None = None
    """Mean over pairs of frames and paintings, each frame stylized on its own."""
    steady_warping_error: float | None = None
    """The same with the temporal filter, as `pipeline.run` stylizes a stream."""
    input_warping_error: float | None = None
    """The same of the untouched frames."""
    warping_ratio: float | None = None
    """warping_error / input_warping_error."""
    pairs: list[OptionalFigures] = field(default_factory=list)

    def add(
        self,
        photo: str,
        painting: str,
        content_error: float,
        style_error: float,
        untouched_style_error: float,
        stroke_rank: float | None = None,
        lpips: float | None = None,
    ) -> None:
        """Add the figures of a pair; None: not measured."""
        figures: OptionalFigures = {
            "photo": photo,
            "painting": painting,
            "content_error": content_error,
            "style_error": style_error,
            "untouched_style_error": untouched_style_error,
            "style_captured": 1 - style_error / untouched_style_error,
        }
        if stroke_rank is not None:
            figures["stroke_rank"] = stroke_rank
        if lpips is not None:
            figures["lpips"] = lpips
        self.pairs.append(figures)

    def summarize(self) -> None:
        """Compute the figures that follow from the pairs."""
        names = [name for name in (*PAIR_FIGURES, *OPTIONAL_FIGURES) if name in self.pairs[0]]
        values = {name: np.array([pair[name] for pair in self.pairs]) for name in names}
        self.content_error = float(values["content_error"].mean())
        self.style_error = float(values["style_error"].mean())
        untouched = float(np.mean([pair["untouched_style_error"] for pair in self.pairs]))
        self.style_captured = 1 - self.style_error / untouched
        if "stroke_rank" in values:
            self.stroke_retrieval = float((values["stroke_rank"] == 1).mean())
        if "lpips" in values:
            self.lpips = float(values["lpips"].mean())
        self.medians = {name: float(np.median(values[name])) for name in names}
        for name in names:
            worst = values[name].argmin() if name == "style_captured" else values[name].argmax()
            self.worst[name] = self.pairs[int(worst)]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without the figures that were not measured."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class FeatureExtractor:
    """Computes the features of an image that the metrics compare."""

    def __init__(self, vgg: Vgg) -> None:
        self._vgg = vgg

    def extract(self, image: Image) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return the features of CONTENT_LAYER, 1 x H x W x N, and the Gram matrices of STYLE_LAYERS, each N x N.

        Args:
            image: uint8 BGR.
        """
        from keras import ops

        features = self._vgg(ops.convert_to_tensor(image[np.newaxis].astype("float32")), {CONTENT_LAYER, *STYLE_LAYERS})
        grams = [ops.convert_to_numpy(mean_gram(features[layer]))[0] for layer in STYLE_LAYERS]
        return ops.convert_to_numpy(features[CONTENT_LAYER]), grams


def content_error(photo: np.ndarray, output: np.ndarray) -> float:
    """Return the mean squared difference between two feature maps, divided by the variance of the first."""
    return float(np.mean((output - photo) ** 2) / np.var(photo))


def style_error(style: Sequence[np.ndarray], output: Sequence[np.ndarray]) -> float:
    """Return the mean over layers of ||G_out - G_style||^2 / ||G_style||^2, given Gram matrices by layer."""
    return float(np.mean([np.sum((o - s) ** 2) / np.sum(s**2) for s, o in zip(style, output)]))
