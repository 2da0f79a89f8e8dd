"""Real-time neural style transfer for live video, clips and still images.

    import realtime_nst as nst

    stylizer = nst.load_stylizer()                    # the best model that this machine can run
    wave = stylizer.encode(nst.read_image("wave.jpg"))
    output = stylizer.stylize(frame, wave)            # uint8 BGR in, uint8 BGR out

Importing the package loads neither TensorFlow nor OpenVINO; `load_stylizer` loads the one that it runs.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        ArgumentError,
        CorruptFrameError,
        DeviceError,
        InputError,
        ModelError,
        OutputError,
        RunError,
        SourceError,
        StyleError,
        StylizeError,
    )
    from .frames import Frame, Image, RenderParams, StyleCode
    from .interfaces import Sink, Source
    from .media.images import read_image, write_image
    from .offline.clip import stylize_clip
    from .pipeline import Stats, run
    from .sources.factory import open_source
    from .styles.blending import blend
    from .styles.library import find_styles
    from .stylizer import Stylizer, load_stylizer

    __version__: str

__all__ = [
    "ArgumentError",
    "CorruptFrameError",
    "DeviceError",
    "Frame",
    "Image",
    "InputError",
    "ModelError",
    "OutputError",
    "RenderParams",
    "RunError",
    "Sink",
    "Source",
    "SourceError",
    "Stats",
    "StyleCode",
    "StyleError",
    "StylizeError",
    "Stylizer",
    "__version__",
    "blend",
    "find_styles",
    "load_stylizer",
    "open_source",
    "read_image",
    "run",
    "stylize_clip",
    "write_image",
]

_MODULES = {
    "errors": (
        "ArgumentError CorruptFrameError DeviceError InputError ModelError OutputError RunError SourceError StyleError "
        "StylizeError"
    ),
    "frames": "Frame Image RenderParams StyleCode",
    "interfaces": "Sink Source",
    "media.images": "read_image write_image",
    "offline.clip": "stylize_clip",
    "pipeline": "Stats run",
    "sources.factory": "open_source",
    "styles.blending": "blend",
    "styles.library": "find_styles",
    "stylizer": "Stylizer load_stylizer",
}

_RENAMED = {"Look": "RenderParams", "read_picture": "read_image", "write_picture": "write_image"}


def __getattr__(name: str) -> Any:
    """Load a public name on first use: the command line must start without OpenCV, to say that it is broken."""
    if name == "__version__":
        from importlib.metadata import version

        return version("realtime-nst")
    if name in _RENAMED:
        warnings.warn(f"realtime_nst.{name} is now called {_RENAMED[name]}", DeprecationWarning, stacklevel=2)
        name = _RENAMED[name]
    for module, names in _MODULES.items():
        if name in names.split():
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
