"""Real-time neural style transfer for live video, clips and pictures.

    import realtime_nst as nst

    stylizer = nst.load_stylizer()                    # the best model that this machine can run
    wave = stylizer.encode(nst.read_picture("wave.jpg"))
    out = stylizer.stylize(frame, wave)               # uint8 BGR in, uint8 BGR out

Importing the package loads neither TensorFlow nor OpenVINO; `load_stylizer` loads what it runs.
"""

from .errors import StylizeError
from .pictures import read_picture, write_picture
from .styles import find_styles

__all__ = [
    "StylizeError",
    "find_styles",
    "read_picture",
    "write_picture",
]
