"""Real-time neural style transfer for live video, clips and pictures.

    import realtime_nst as nst

    stylizer = nst.load_stylizer()                    # the best model that this machine can run
    wave = stylizer.encode(nst.read_image("wave.jpg"))
    out = stylizer.stylize(frame, wave)               # uint8 BGR in, uint8 BGR out

Importing the package loads neither TensorFlow nor OpenVINO; `load_stylizer` loads what it runs.
"""

from importlib import import_module

_HOMES = {
    "RenderParams": "pipeline",
    "StylizeError": "errors",
    "find_styles": "styles.library",
    "load_stylizer": "stylizer",
    "open_source": "sources.factory",
    "read_image": "media.images",
    "run": "pipeline",
    "write_image": "media.images",
}

__all__ = list(_HOMES)


def __getattr__(name: str):
    """Load a public name when it is first asked for: the command line must start without OpenCV to say it is broken."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
