"""Style pictures to train with, and what the losses ask of each: computed once, kept on disk."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from realtime_nst.evaluation.metrics import STYLE_LAYERS
from realtime_nst.evaluation.strokes import tone_normalized
from realtime_nst.media.images import images_in, read_image
from realtime_nst.nst.losses import mean_gram
from realtime_nst.nst.vgg import BGR_MEAN
from realtime_nst.training.data import HELD_OUT, training_paintings

SEEN = 256
"""Long side in pixels of the style picture that the predictor sees, as when it is used."""

LEAST_SEEN = 32
"""Its short side is no shorter: the predictor halves it five times."""

PLATES = ("half-tone", "pencil", "lithograph", "cartoon", "etching", "drawing", "engraving")
"""Techniques in `wide.csv` whose strokes are mostly those of the printed plate."""

PLATE_SHARE = 0.33
"""Which share of the plates is trained with."""


def style_paths(data: Path, textures: int, rng: np.random.Generator) -> list[Path]:
    """List the pictures to train with: paintings that are not held out, a share of the plates, and some textures.

    Args:
        data: A folder with paintings/named, paintings/more, paintings/wide and wide.csv, and textures.
        textures: How many textures.
        rng: Chooses and shuffles.

    Returns:
        Their paths in random order; the paintings of named/ and more/ come among the first.
    """
    first = training_paintings(data)
    found = np.array(images_in(data / "textures"), dtype=object)
    rest = [*_wide_paintings(data, rng), *rng.permutation(found)[:textures]]
    shuffled = iter([rest[index] for index in rng.permutation(len(rest))])
    ordered = []
    for index in rng.permutation(len(first)):
        ordered += [first[index], *islice(shuffled, 2)]
    return ordered + list(shuffled)


def _wide_paintings(data: Path, rng: np.random.Generator) -> list[Path]:
    table = data / "paintings" / "wide.csv"
    if not table.is_file():
        return []
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        names = f"{Path(row['path']).stem} {row['title']}".lower()
        plate = any(word in row["technique"] for word in PLATES)
        if not any(word in names for word in HELD_OUT) and not (plate and rng.random() > PLATE_SHARE):
            found.append(data / "paintings" / "wide" / row["file"])
    return found


class TorchVgg:
    """What `nst.vgg.Vgg` does in bfloat16, in PyTorch's own calls: a fifth less processor time.

    Args:
        features: The npz file that `nst.vgg.load_features` reads.
        device: Where it runs.
    """

    def __init__(self, features: Path, device: torch.device):
        with np.load(features) as file:
            arrays = {name: torch.from_numpy(file[name].astype(np.float32)) for name in file.files}
        self.layers = [name.removesuffix("_kernel") for name in arrays if name.endswith("_kernel")]
        self._mean = torch.tensor(BGR_MEAN, device=device)
        self._weights = {
            layer: (
                arrays[f"{layer}_kernel"].permute(3, 2, 0, 1).contiguous().to(device, torch.bfloat16),
                arrays[f"{layer}_bias"].to(device, torch.bfloat16),
            )
            for layer in self.layers
        }

    def __call__(self, images: torch.Tensor, layers) -> dict[str, torch.Tensor]:
        """Maps B x H x W x N, bfloat16, of `layers`, by name, of BGR images B x H x W x 3, 0..255."""
        wanted = set(layers)
        # Channels last, as the images are: a view.
        x = (images - self._mean).to(torch.bfloat16).permute(0, 3, 1, 2)
        found, block = {}, self.layers[0].split("_")[0]
        for layer in self.layers:
            if not layer.startswith(block):
                block = layer.split("_")[0]
                x = functional.max_pool2d(x, 2)
            x = functional.relu_(functional.conv2d(x, *self._weights[layer], padding=1))
            if layer in wanted:
                found[layer] = x.permute(0, 2, 3, 1)
                if len(found) == len(wanted):
                    break
        return found


@dataclass(frozen=True)
class Style:
    """A style picture as training needs it."""

    seen: torch.Tensor
    """What the predictor sees: float32 H x W x 3, 0..1."""
    grams: dict[str, torch.Tensor]
    """Mean Gram matrices in colour, by layer: float16, divided by `scales`."""
    scales: dict[str, float]
    """The largest number of each: float16 ends at 65504."""
    strokes: dict[str, torch.Tensor]
    """Gram matrices without colours and tones, by layer, as `unit_vectors`: float16 (N^2,)."""

    def gram(self, layer: str) -> torch.Tensor:
        return self.grams[layer].float() * self.scales[layer]


class StylePool:
    """Styles in memory, the first `first` of `paths` and then one more for each `grow`.

    Args:
        paths: Of the pictures, in the order in which they come.
        vgg: Computes their Gram matrices.
        cache: Folder where these are kept.
        size: Long side in pixels at which they are looked at.
        first: How many there are to begin with.
        device: Where they are held.
    """

    def __init__(self, paths: list[Path], vgg: TorchVgg, cache: Path, size: int, first: int, device: torch.device):
        self._paths, self._vgg, self._cache, self._size, self._device = paths, vgg, cache, size, device
        cache.mkdir(parents=True, exist_ok=True)
        self.styles = [self._style(path) for path in paths[:first]]

    def grow(self, count: int) -> None:
        """Have `count` styles, as far as there are pictures."""
        for path in self._paths[len(self.styles) : count]:
            self.styles.append(self._style(path))

    def _style(self, path: Path) -> Style:
        key = f"{path.parent.name}/{path.name} {self._size} {SEEN}"
        kept = self._cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.pt"
        if not kept.is_file():
            partial = kept.with_suffix(".partial")
            torch.save(self._computed(read_image(path)), partial)
            partial.replace(kept)
        values = torch.load(kept, map_location=self._device)
        pairs = values["grams"].items()
        return Style(
            values["seen"],
            {layer: gram for layer, (gram, _) in pairs},
            {layer: by for layer, (_, by) in pairs},
            {layer: vector.flatten() for layer, vector in values["strokes"].items()},
        )

    def _computed(self, image: np.ndarray) -> dict:
        large = with_long_side(image, self._size)
        both = torch.from_numpy(np.stack([large, tone_normalized(large)]).astype(np.float32)).to(self._device)
        with torch.no_grad():
            found = self._vgg(both, STYLE_LAYERS)
            grams = {layer: mean_gram(found[layer].float()) for layer in STYLE_LAYERS}
        return {
            "seen": torch.from_numpy(with_long_side(image, SEEN).astype(np.float32) / 255),
            "grams": {layer: ((gram[0] / gram[0].max()).half(), float(gram[0].max())) for layer, gram in grams.items()},
            "strokes": {layer: unit_vectors(gram[1:])[0].half() for layer, gram in grams.items()},
        }


def with_long_side(image: np.ndarray, side: int) -> np.ndarray:
    """The picture with a long side of `side` pixels."""
    scale = side / max(image.shape[:2])
    size = [max(LEAST_SEEN, round(scale * each)) for each in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def unit_vectors(grams: torch.Tensor) -> torch.Tensor:
    """Gram matrices B x N x N as vectors B x N^2 of norm N: those of norm 1 would be too small for float16."""
    flat = grams.flatten(1)
    return flat / flat.norm(dim=1, keepdim=True) * grams.shape[1]
