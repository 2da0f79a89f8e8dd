"""Manifests: files that list clips, each with its own style and options."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..errors import InputError

PER_CLIP = (
    *("style", "styles-over-time", "model", "device", "fitted", "stroke-size", "strength", "keep-colors"),
    *("deflicker", "size", "scale", "start", "end", "crf", "encoder", "side-by-side"),
)
"""The options that a line may give, by their names without the dashes."""


@dataclass(frozen=True)
class Entry:
    """A line of a manifest."""

    place: str
    """The manifest and the number of the line, for messages."""
    clip: Path
    output: str | None
    """Name of the output, below the folder of the outputs; None: after the clip."""
    values: dict[str, Any]
    """The options that the line gives, by the names of the command's arguments."""

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the line in every InputError of this block."""
        with _named(self.place):
            yield


@contextmanager
def _named(place: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise type(error)(f"{place}: {error}") from error
    except click.UsageError as error:
        raise InputError(f"{place}: {error.format_message()}") from error


def read_manifest(path: Path, context: click.Context) -> list[Entry]:
    """Read a manifest: CSV with a header line, or JSON Lines, one object a line.

    A line gives `clip`, and may give `output` and any of PER_CLIP. Paths are relative to the manifest's folder. Empty
    cells, and the lines' missing names, are as the command's own options say.

    Args:
        path: the manifest, whose name ends in .csv, .jsonl or .ndjson.
        context: the running command, whose options convert the values.

    Raises:
        InputError: if it cannot be read, lists nothing, or a line is wrong; the message names the line.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows}
    rows = readers.get(path.suffix.lower())
    if rows is None:
        raise InputError(f"--manifest {path}: its name must end in {', '.join(readers)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise InputError(f"cannot read the manifest {path}: {reason}") from error
    entries = [_entry(path, line, row, context) for line, row in rows(path, text)]
    if not entries:
        raise InputError(f"the manifest {path} lists no clips")
    return entries


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    reader = csv.DictReader(text.splitlines(), skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if None in row:
                raise InputError(f"{path}, line {reader.line_num}: it has more cells than the header")
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: it is not JSON: {error.msg}") from error
        if not isinstance(row, dict):
            raise InputError(f'{path}, line {number}: it is not an object such as {{"clip": "a.mp4"}}')
        yield number, row


def _entry(path: Path, line: int, row: dict[Any, Any], context: click.Context) -> Entry:
    place = f"{path}, line {line}"
    given = {str(name).strip().replace("_", "-"): value for name, value in row.items() if value not in (None, "")}
    clip, output = given.pop("clip", None), given.pop("output", None)
    options = {name.lstrip("-"): param for param in context.command.params for name in param.opts}
    values: dict[str, Any] = {}
    with _named(place):
        if not isinstance(clip, str):
            raise InputError("it names no clip")
        if output is not None and (not isinstance(output, str) or Path(output).is_absolute() or ".." in output):
            raise InputError(f"the output {output} is not a name below the folder of the outputs")
        for name, value in given.items():
            if name not in PER_CLIP:
                near = difflib.get_close_matches(name, ("clip", "output", *PER_CLIP), 1)
                hint = f"did you mean {near[0]}?" if near else f"a line may give clip, output, {', '.join(PER_CLIP)}"
                raise InputError(f"there is no {name}; {hint}")
            option = options[name]
            converted = option.type.convert(str(value), option, context)
            values[option.name or name] = (_beside(path, str(value)),) if name == "style" else converted
    if "styles_over_time" in values:
        values.setdefault("style", ())
    elif "style" in values:
        values["styles_over_time"] = None
    return Entry(place, path.parent / clip, output, values)


def _beside(path: Path, style: str) -> str:
    """Return a style's file by its path from the manifest's folder; anything else as it is."""
    beside = path.parent / style
    return str(beside) if beside.exists() else style
