"""The command line: the only place that imports click and rich."""

from .app import main

__all__ = ["main"]
