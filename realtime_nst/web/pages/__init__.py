"""The HTML pages, and the script that they share."""

from __future__ import annotations

from pathlib import Path

from ..server import Answer


def page(name: str) -> Answer:
    """Return the page or script in the file `name` of this folder."""
    kind = "text/javascript" if name.endswith(".js") else "text/html"
    return Answer(Path(__file__).with_name(name).read_bytes(), f"{kind}; charset=utf-8")
