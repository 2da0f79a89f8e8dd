"""Draws the README's sheet: six views of the built-in scene in eight styles, by each of the models.

python examples/sheet.py examples/models.jpg fast hub
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from realtime_nst import load_stylizer, write_image
from realtime_nst.evaluation.contact_sheet import contact_sheet
from realtime_nst.sources.demo import Scene
from realtime_nst.styles.library import find_styles

# Seconds, and left, top and width in pixels of what is shown of a frame of 2560 x 1920.
VIEWS = (
    (2.0, 0, 0, 2560),
    (5.0, 1050, 240, 1100),
    (9.0, 0, 0, 1200),
    (4.0, 0, 1170, 1000),
    (7.0, 960, 960, 1280),
    (12.0, 120, 560, 1060),
)
STYLES = ("starry", "wave", "composition", "udnie", "jatte", "lilies", "mosaic", "embers")


def view(scene: Scene, seconds: float, left: int, top: int, width: int) -> np.ndarray:
    """A part of the scene, 640 x 480 pixels."""
    part = scene.draw(seconds)[top : top + width * 3 // 4, left : left + width]
    return cv2.resize(part, (640, 480), interpolation=cv2.INTER_AREA)


def main(out: Path, models: list[str]) -> None:
    scene = Scene(1920, 2560)
    views = [view(scene, *place) for place in VIEWS]
    stylizers = {Path(model).name: load_stylizer(model, processing_size=640) for model in models}
    rows = [[("", np.full((8, 8, 3), 255, np.uint8)), *(("", shown) for shown in views for _ in models)]]
    for style in find_styles(STYLES):
        codes = {name: stylizer.encode(style.read()) for name, stylizer in stylizers.items()}
        rows.append([(style.name, style.read())])
        rows[-1] += [(name, stylizers[name].stylize(shown, code)) for shown in views for name, code in codes.items()]
    sheet = contact_sheet([tile for row in rows for tile in row], columns=len(rows[0]), side=160)
    write_image(out, sheet, quality=80)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
