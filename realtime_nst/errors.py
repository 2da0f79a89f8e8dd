"""The errors that a user can meet.

    StylizeError                 any error raised on purpose; exit code 1
    ├── InputError               bad input: fix the command and try again; exit code 2
    │   ├── SourceError          a camera, clip or image that cannot be opened
    │   ├── StyleError           a style that is missing or cannot be read
    │   ├── ModelError           a model that is missing, or cannot be fetched or read
    │   ├── DeviceError          a requested device or display that is missing
    │   ├── OutputError          an output that cannot be written, detected before the run
    │   └── ArgumentError        an argument of a function that has the wrong type or range; also a ValueError
    └── RunError                 a failure during a run: camera lost, disk full, encoder broken
        └── CorruptFrameError         a frame that arrived but cannot be decoded

Every message says what was tried and what to do next, in the words of the command line.
"""


class StylizeError(Exception):
    """Base of all errors that realtime_nst raises on purpose."""

    exit_code = 1


class InputError(StylizeError):
    """The command cannot be carried out as given. Nothing was written."""

    exit_code = 2


class SourceError(InputError):
    """A camera, clip or image cannot be opened."""


class StyleError(InputError):
    """A style is unknown, missing or unreadable."""


class ModelError(InputError):
    """A model cannot be found, fetched or read."""


class DeviceError(InputError):
    """A requested device (GPU, display, microphone) is missing."""


class OutputError(InputError):
    """An output file or folder cannot be written."""


class ArgumentError(InputError, ValueError):
    """An argument of a function has the wrong type or range."""


class RunError(StylizeError):
    """A run failed after it had started."""


class CorruptFrameError(RunError):
    """A frame cannot be decoded; later ones may be intact."""
