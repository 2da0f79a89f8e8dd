"""Real-time neural style transfer for live video, clips and pictures.

    import realtime_nst as nst

    stylizer = nst.load_stylizer()                    # the best model that this machine can run
    wave = stylizer.encode(nst.read_picture("wave.jpg"))
    out = stylizer.stylize(frame, wave)               # uint8 BGR in, uint8 BGR out

Importing the package loads neither TensorFlow nor OpenVINO; `load_stylizer` loads what it runs.
"""

from .errors import StylizeError
from .pictures import read_picture, write_picture
from .pipeline import run
from .sources import open_source
from .styles import find_styles
from .stylizer import load_stylizer

__all__ = [
    "StylizeError",
    "find_styles",
    "load_stylizer",
    "open_source",
    "read_picture",
    "run",
    "write_picture",
]
