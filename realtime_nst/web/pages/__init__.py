"""The HTML pages."""

from __future__ import annotations

from pathlib import Path

from ..server import Answer


def page(name: str) -> Answer:
    """Return the page in the file `name` of this folder."""
    return Answer(Path(__file__).with_name(name).read_bytes(), "text/html; charset=utf-8")
