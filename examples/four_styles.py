"""Make the README's still picture: the built-in scene in four styles.

python examples/four_styles.py examples/styles.jpg
"""

import sys
from pathlib import Path

import numpy as np

from realtime_nst import load_stylizer, write_image
from realtime_nst.sources.demo import Scene
from realtime_nst.styles.library import find_styles

STYLES = ("composition", "wave", "embers", "udnie")
SECONDS = 2.0


def main(path: Path) -> None:
    stylizer = load_stylizer("fast")
    image = Scene(480, 640).draw(SECONDS)
    tiles = [stylizer.stylize(image, stylizer.encode(style.read())) for style in find_styles(STYLES)]
    write_image(path, np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])]), quality=85)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
