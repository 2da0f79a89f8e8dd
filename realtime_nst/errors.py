"""The errors a user can meet.

    StylizeError                 anything of ours; exit code 1
    ├── InputError               bad input: fix the command and try again; exit code 2
    │   ├── SourceError          a camera, clip or picture that cannot be opened
    │   ├── StyleError           a style that is not there or cannot be read
    │   ├── ModelError           a model that is not there, cannot be fetched or read
    │   ├── DeviceError          a device or display that was asked for and is missing
    │   └── OutputError          an output that cannot be written, found before the run
    └── RunError                 a failure under way: camera lost, disk full, encoder broken
        └── CorruptFrameError         a frame that came but cannot be decoded

Every message says what was tried and what to do next, in the words of the command line.
"""


class StylizeError(Exception):
    """Base of every error raised by realtime_nst on purpose."""

    exit_code = 1


class InputError(StylizeError):
    """The command cannot be carried out as given; nothing was written."""

    exit_code = 2


class SourceError(InputError):
    """A camera, clip or picture cannot be opened."""


class StyleError(InputError):
    """A style is unknown, missing or unreadable."""


class ModelError(InputError):
    """A model cannot be found, fetched or read."""


class DeviceError(InputError):
    """A device (GPU, display) that was asked for is missing."""


class OutputError(InputError):
    """An output file or folder cannot be written."""


class RunError(StylizeError):
    """A run that had started failed under way."""


class CorruptFrameError(RunError):
    """A frame came that cannot be decoded; those after it may be whole."""
