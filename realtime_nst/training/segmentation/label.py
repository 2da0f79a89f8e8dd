"""Let the teacher label photographs and frames of clips.

    python -m realtime_nst.training.segmentation.label DATA OUT TEACHER.tflite FACES.tflite

DATA has photos/train and clips/; the clips in HELD_OUT are kept for evaluation. OUT/labelled.npz holds the images,
uint8 BGR, and the probability of a person at each pixel, uint8, both SIDE x SIDE. The teacher was made for people at
their own camera and takes animals and other things for people: photographs in which it finds something, but the face
detector no face, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import click
import numpy as np

from realtime_nst.frames import Image
from realtime_nst.media.images import images_in, read_image
from realtime_nst.sources.clip import ClipSource
from realtime_nst.training.segmentation.augment import EMPTY
from realtime_nst.training.segmentation.teacher import SIDE, open_face_detector, open_teacher

HELD_OUT = ("webcam/", "gl2iris")
"""Parts of the paths of the clips that are kept for evaluation."""

FACE = 0.6
"""Score from which there is a face."""

PER_CLIP = 150
"""Most frames taken from a clip, evenly spaced."""


def frames_of(clip: Path, most: int) -> Iterator[Image]:
    """Yield at most `most` frames of a clip, evenly spaced."""
    with ClipSource(clip) as source:
        images = []
        while (frame := source.read()) is not None:
            images.append(cv2.resize(frame.image, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    for index in np.unique(np.linspace(0, len(images) - 1, most).round().astype(int)):
        yield images[index]


def photographs(data: Path) -> Iterator[Image]:
    """Yield the photographs that are to be labelled."""
    for path in images_in(data / "photos" / "train"):
        yield cv2.resize(read_image(path), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def clip_frames(data: Path) -> Iterator[Image]:
    """Yield the frames of clips that are to be labelled; there are people in all of them."""
    for path in sorted((data / "clips").glob("*/*")):
        name = path.relative_to(data / "clips").as_posix()
        if path.parent.name in ("people", "webcam") and not any(part in name for part in HELD_OUT):
            yield from frames_of(path, PER_CLIP)


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.argument("teacher", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("faces", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(data: Path, out: Path, teacher: Path, faces: Path) -> None:
    """Label the photographs and clips in DATA with TEACHER; the result is OUT/labelled.npz."""
    find, face = open_teacher(teacher), open_face_detector(faces)
    images, masks = [], []
    for image in photographs(data):
        mask = find(image)
        if mask.mean() < EMPTY or face(image) > FACE:
            images.append(image)
            masks.append(mask)
    photos = len(images)
    for image in clip_frames(data):
        images.append(image)
        masks.append(find(image))
    out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        out / "labelled.npz", images=np.stack(images), masks=np.rint(255 * np.stack(masks)).astype(np.uint8)
    )
    empty = sum(mask.mean() < EMPTY for mask in masks)
    click.echo(f"{photos} photographs and {len(images) - photos} frames; {empty} have nobody in them")


if __name__ == "__main__":
    main()
