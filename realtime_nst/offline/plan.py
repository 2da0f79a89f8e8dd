"""The input and output files of a command, planned before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..errors import OutputError
from ..media.paths import check_not_read, check_overwrite, check_writable

T = TypeVar("T")


class Kind(NamedTuple):
    """A kind of output file."""

    noun: str
    suffixes: tuple[str, ...]
    """The file extensions that an output may have."""
    name: Callable[[Path, str, bool], str]
    """(input, style's name, whether there are several styles) -> name of the output in a folder."""

    def is_file(self, output: Path) -> bool:
        """Return whether `output` names a file to write rather than a folder."""
        return output.suffix.lower() in self.suffixes and not output.is_dir()


def plan_outputs(
    kind: Kind,
    inputs: Sequence[Path],
    styles: Sequence[tuple[str, T]],
    output: Path,
    *,
    also_read: Iterable[Path] = (),
    may_exist: bool = False,
    roots: Sequence[Path] = (),
) -> list[tuple[Path, T, Path]]:
    """Return (input, style, file to write) for every input in every style, without writing anything but a folder.

    Args:
        kind: the kind of output file.
        inputs: the files to stylize.
        styles: (name, style) pairs; the style is passed through.
        output: a file for one input in one style if it has a file extension of `kind` and is not a folder; otherwise a
            folder, which is created if missing.
        also_read: files that are read besides `inputs`. A file that is read is never an output.
        may_exist: whether outputs may exist already.
        roots: folders that were searched; subfolders in which inputs were found are kept below `output`.

    Raises:
        OutputError: if the outputs do not fit into `output`, collide, exist or cannot be written.
    """
    plan = name_outputs(kind, inputs, styles, output, roots=roots)
    targets = [target for _, _, target in plan]
    check_outputs(kind, targets, [*inputs, *also_read], may_exist=may_exist)
    make_folders(targets, output)
    return plan


def name_outputs(
    kind: Kind, inputs: Sequence[Path], styles: Sequence[tuple[str, T]], output: Path, *, roots: Sequence[Path] = ()
) -> list[tuple[Path, T, Path]]:
    """Return (input, style, file to write) for every input in every style; arguments and errors as `plan_outputs`."""
    if kind.is_file(output):
        folder = f"give a folder: -o {output.stem}/"
        if len(inputs) > 1:
            raise OutputError(f"{len(inputs)} {kind.noun}s cannot go into one file {output}; {folder}")
        if len(styles) > 1:
            raise OutputError(f"{len(styles)} styles cannot go into one file {output}; give one --style, or {folder}")
        return [(inputs[0], styles[0][1], output)]
    if output.suffix and not output.is_dir():
        raise OutputError(f"cannot write {output}: a {kind.noun} must end in one of {', '.join(kind.suffixes)}")
    several = len(styles) > 1
    return [
        (input, style, output / _subfolder(input, roots) / kind.name(input, name, several))
        for input in inputs
        for name, style in styles
    ]


def check_outputs(kind: Kind, targets: Sequence[Path], read: Iterable[Path], *, may_exist: bool) -> None:
    """Raise OutputError if two outputs are the same file, one is read, or one exists and must not."""
    _check_distinct(kind, targets)
    check_not_read(targets, read)
    existing = [target for target in targets if target.is_file()]
    if len(existing) > 1 and not may_exist:
        raise OutputError(
            f"{len(existing)} of the outputs exist, such as {existing[0]}; add --overwrite to replace them, or choose "
            "another folder with -o"
        )
    if existing:
        check_overwrite(existing[0], may_exist)


def make_folders(targets: Sequence[Path], output: Path) -> None:
    """Make the folders of `targets`, unless the only one is `output` itself, and check that they can be written.

    Raises:
        OutputError: if a folder cannot be made or written.
    """
    for folder in dict.fromkeys(target.parent for target in targets if target != output):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise OutputError(f"cannot make the folder {folder}: {reason.strerror or reason}") from reason
    check_writable(targets[0])


def _subfolder(input: Path, roots: Sequence[Path]) -> Path:
    root = next((root for root in roots if input.is_relative_to(root)), input.parent)
    return input.parent.relative_to(root)


def _check_distinct(kind: Kind, targets: Sequence[Path]) -> None:
    planned: set[Path] = set()
    for target in targets:
        if target.resolve() in planned:
            raise OutputError(
                f"two outputs would be {target}: two {kind.noun}s or styles have the same name; "
                "stylize them into different folders"
            )
        planned.add(target.resolve())
