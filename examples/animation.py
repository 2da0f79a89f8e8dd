"""Make the README's animation: the built-in scene while its style fades from one to the next.

python examples/animation.py examples/demo.webp
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from realtime_nst import blend, load_stylizer
from realtime_nst.frames import Image, StyleCode
from realtime_nst.sources.demo import Scene
from realtime_nst.styles.library import find_styles

SIZE = (360, 480)
"""Height and width in pixels."""
STYLES = ("wave", "composition", "udnie", "embers")
FPS = 15
HOLD, FADE = 7, 7
"""Frames that each look lasts, and frames from one to the next."""
QUALITY = 58
LARGEST = 2_000_000
"""Bytes that the README's reader is asked to load."""
BEGIN = 1.3
"""Seconds of the scene."""

Look = tuple[StyleCode, float]


def main(path: Path) -> None:
    frames = animate()
    animation = cv2.Animation()
    animation.frames = [cv2.cvtColor(frame, cv2.COLOR_BGR2BGRA) for frame in frames]
    animation.durations = [round(1000 / FPS)] * len(frames)
    if not cv2.imwriteanimation(str(path), animation, [cv2.IMWRITE_WEBP_QUALITY, QUALITY]):
        raise SystemExit(f"{path} could not be written; name a file in an existing folder that ends in .webp")
    size = path.stat().st_size
    print(f"{path}: {len(frames)} frames, {size / 1e6:.2f} MB")
    if size > LARGEST:
        raise SystemExit(f"that is more than {LARGEST / 1e6:.0f} MB; lower QUALITY")


def animate() -> list[Image]:
    """Render the frames: the scene itself, each of STYLES, and the scene again, so that the end meets the beginning."""
    stylizer = load_stylizer("fast")
    codes = [stylizer.encode(style.read()) for style in find_styles(STYLES)]
    # A look is a style and its strength; strength 0 is the scene itself.
    looks = [(codes[0], 0.0), *((code, 1.0) for code in codes), (codes[-1], 0.0)]
    steps = [step for before, after in pairwise(looks) for step in [before] * HOLD + fade(before, after)]
    scene = Scene(*SIZE)
    # Time runs back and forth, so that the last frame is followed by the first.
    times = BEGIN + np.abs(np.linspace(-1, 1, len(steps), endpoint=False)) * len(steps) / FPS / 2
    return [stylizer.stylize(scene.draw(time), *step) for time, step in zip(times, steps)]


def fade(before: Look, after: Look) -> list[Look]:
    """The looks from one to another."""
    shares = [step / (FADE + 1) for step in range(1, FADE + 1)]
    return [(blend([before[0], after[0]], [1 - s, s]), (1 - s) * before[1] + s * after[1]) for s in shares]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
