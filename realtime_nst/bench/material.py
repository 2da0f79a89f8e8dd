"""The frames for all measurements: as a clip, and as the images of a camera."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from ..errors import InputError
from ..frames import Frame, Image
from ..media.resize import resize
from ..sinks.clip.clip_file import ClipWriter
from ..sinks.recorder import Recorder
from ..sources.clip import ClipSource
from ..sources.demo import DemoSource


def prepare_clip(source: Path | None, size: tuple[int, int] | None, seconds: float, folder: Path) -> Path:
    """Write the beginning of a clip, with its sound, to a file.

    Args:
        source: the clip. None: the built-in scene.
        size: (height, width) of the result in pixels. None: the clip's own; 640x480 for the built-in scene.
        seconds: length of the result.
        folder: where to write it.

    Returns:
        The file.

    Raises:
        SourceError: if `source` is not a clip.
    """
    if source is None:
        return _record_scene(size or (480, 640), seconds, folder)
    with closing(ClipSource(source, end=seconds)) as clip:
        height, width = size or clip.size
        out = folder / f"{source.stem}-{width}x{height}.mp4"
        writer = ClipWriter(out, clip, (height, width), encoder="libx264", crf=18)
        while (frame := clip.read()) is not None:
            writer.write(Frame(resize(frame.image, (height, width)), frame.time))
    return writer.finish()


def _record_scene(size: tuple[int, int], seconds: float, folder: Path) -> Path:
    scene = DemoSource(size)
    path = folder / f"scene-{size[1]}x{size[0]}.mp4"
    with closing(Recorder(scene.fps, live=False, must_succeed=True)) as recorder:
        recorder.start(path)
        for _ in range(max(round(seconds * scene.fps), 1)):
            recorder.write(scene.read())
    return path


def images_of(clip: Path, count: int) -> list[Image]:
    """Return up to `count` frames from the beginning of a clip.

    Raises:
        InputError: if the clip holds no frames.
    """
    images: list[Image] = []
    with closing(ClipSource(clip)) as source:
        while len(images) < count and (frame := source.read()) is not None:
            images.append(frame.image)
    if not images:
        raise InputError(f"{clip} holds no frames; give another clip to --frames")
    return images
