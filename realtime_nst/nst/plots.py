"""Access to matplotlib, which only plots need."""

from __future__ import annotations

from types import ModuleType

from ..errors import InputError
from ..extras import install_command


def load_pyplot() -> ModuleType:
    """Return matplotlib.pyplot, set up to draw into files.

    Raises:
        InputError: if matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise InputError(f"plots need matplotlib: {install_command('plot')}") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
