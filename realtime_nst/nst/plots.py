"""matplotlib, which only plots need."""

from __future__ import annotations

from ..errors import InputError


def load_pyplot():
    """matplotlib's drawing functions, for files alone. Raises InputError where it is not installed."""
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("plots need matplotlib; install it with: pip install 'realtime-nst[plot]'") from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
