"""The frames that everything is measured on, as a clip and as a camera's pictures."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..frames import Frame, Image
from ..media.resize import resize
from ..sinks.clip_file import ClipWriter
from ..sinks.recorder import Recorder
from ..sources.clip import ClipSource
from ..sources.demo import DemoSource


def prepare_clip(source: Path | None, size: tuple[int, int] | None, seconds: float, folder: Path) -> Path:
    """A clip in `folder` of the first `seconds` of `source`, scaled to `size` (height, width) and with its sound.

    source None: the built-in scene. size None: the source's own. Raises SourceError for what is no clip.
    """
    if source is None:
        return _drawn(size or (480, 640), seconds, folder)
    clip = ClipSource(source, end=seconds)
    height, width = size or clip.size
    out = folder / f"{source.stem}-{width}x{height}.mp4"
    writer = ClipWriter(out, clip, (height, width), encoder="libx264", crf=18)
    while (frame := clip.read()) is not None:
        writer.write(Frame(resize(frame.image, (height, width)), frame.time))
    clip.close()
    return writer.finish()


def _drawn(size: tuple[int, int], seconds: float, folder: Path) -> Path:
    scene = DemoSource(size)
    path = folder / f"scene-{size[1]}x{size[0]}.mp4"
    recorder = Recorder(scene.fps, live=False, must_succeed=True)
    recorder.start(path)
    for _ in range(max(round(seconds * scene.fps), 1)):
        recorder.write(scene.read())
    recorder.close()
    return path


def pictures_of(clip: Path, count: int = 150) -> list[Image]:
    """Up to `count` frames of a clip, for the camera to send over and over. Raises InputError where there is none."""
    source = ClipSource(clip)
    images = []
    while len(images) < count and (frame := source.read()) is not None:
        images.append(frame.image)
    source.close()
    if not images:
        raise InputError(f"{clip} holds no frames; give another clip to --frames")
    return images
