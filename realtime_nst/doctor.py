"""Check everything that the program needs from a machine, and say what to do if something is missing.

A report holds no private paths: the home folder is written as ~. Every check runs, whatever the others find; one that
fails unexpectedly is a finding too.
"""

from __future__ import annotations

import getpass
import os
import platform
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from enum import Enum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import NamedTuple

from .errors import StylizeError
from .extras import EXTRAS, install_command


class State(Enum):
    """What a finding means for the user."""

    GOOD = "ok"
    NOTE = "note"
    """Something optional is missing."""
    PROBLEM = "problem"
    """Something that the program needs is missing or broken."""


class Finding(NamedTuple):
    """One line of the report."""

    topic: str
    state: State
    detail: str
    """What was found."""
    advice: str = ""
    """What to do about it, in the words of a command where there is one."""


Check = Callable[[], Iterator[Finding]]


def diagnose() -> Iterator[Finding]:
    """Run all checks, one after the other, and yield their findings as they come."""
    for check in CHECKS:
        try:
            yield from (_without_private_paths(finding) for finding in check())
        except Exception as error:  # the report must be complete, whatever a library raises here
            topic = check.__name__.strip("_").replace("_", " ")
            text = f"the check itself failed: {type(error).__name__}: {error}"
            yield _without_private_paths(Finding(topic, State.PROBLEM, text, "please report this line"))


def _system() -> Iterator[Finding]:
    from .networks.runtimes.devices import cpu_name
    from .process import available_cpus

    yield Finding("system", State.GOOD, f"{platform.system()} {platform.release()}, Python {platform.python_version()}")
    yield Finding("processor", State.GOOD, f"{cpu_name()}, {available_cpus()} of {os.cpu_count()} processors")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(line) for line in requires("realtime-nst") or ()]
        yield Finding("realtime-nst", State.GOOD, version("realtime-nst"))
    except PackageNotFoundError:
        yield Finding("realtime-nst", State.PROBLEM, "is not installed as a package", "pip install .")
        return
    for one in needed:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(one.name)
        except PackageNotFoundError:
            yield Finding(one.name, State.PROBLEM, "is not installed", f"pip install '{one.name}{one.specifier}'")
            continue
        if one.specifier.contains(found, prereleases=True):
            yield Finding(one.name, State.GOOD, found)
        else:
            detail = f"{found} does not work with this program, which needs {one.specifier}"
            yield Finding(one.name, State.PROBLEM, detail, f"pip install '{one.name}{one.specifier}'")


def _extras() -> Iterator[Finding]:
    for extra, (package, use) in EXTRAS.items():
        try:
            yield Finding(f"extra {extra}", State.GOOD, f"{package} {version(package)}")
        except PackageNotFoundError:
            detail = f"{package} is not installed ({use})"
            yield Finding(f"extra {extra}", State.NOTE, detail, install_command(extra))


def _display() -> Iterator[Finding]:
    from .sinks.display import check_display

    try:
        check_display()
        yield Finding("display", State.GOOD, "a window can be opened")
    except StylizeError as reason:
        yield Finding("display", State.NOTE, str(reason))


def _cameras() -> Iterator[Finding]:
    from .sources.factory import list_cameras

    found = list_cameras()
    for camera in found:
        height, width = camera.size
        detail = f"{camera.name}, {width}x{height}, {camera.fps:.1f} frames a second"
        yield Finding(f"camera {camera.index}", State.GOOD, detail)
    if not found:
        yield Finding(
            "camera",
            State.NOTE,
            "none answered",
            "plug one in and allow this program to use it in the system's privacy settings; "
            "without one: realtime-nst demo, or realtime-nst live --camera FILE|URL",
        )


def _codecs() -> Iterator[Finding]:
    from .media.h264 import choose_encoder

    notices: list[str] = []
    encoder = choose_encoder("auto", (480, 640), notices)
    yield Finding("H.264 encoder", State.GOOD, "; ".join([encoder, *notices]))


def _runtimes() -> Iterator[Finding]:
    from .networks.runtimes.devices import choose_device, graphics_card

    card = graphics_card()
    device, notices = choose_device("auto")
    if device == "gpu":
        yield Finding("GPU", State.GOOD, f"{card}, used by TensorFlow")
    elif notices:
        yield Finding("GPU", State.PROBLEM, notices[0], "until then the program runs on the CPU")
    else:
        yield Finding("GPU", State.NOTE, "none that TensorFlow can use: networks run on the CPU")


def _models() -> Iterator[Finding]:
    from .networks.download import HUB_HANDLE, fetched
    from .networks.registry import open_network

    network = open_network("fast", "cpu")
    yield Finding("model fast", State.GOOD, f"runs with {network.runtime} on {network.device}")
    if fetched():
        yield Finding("model hub", State.GOOD, "downloaded")
        return
    yield Finding("model hub", State.NOTE, "not downloaded", "realtime-nst models --fetch hub")
    request = urllib.request.Request(HUB_HANDLE, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=5):
            yield Finding("TensorFlow Hub", State.GOOD, "can be reached")
    except (OSError, urllib.error.URLError) as reason:
        detail = f"cannot be reached: {getattr(reason, 'reason', reason)}"
        yield Finding("TensorFlow Hub", State.NOTE, detail, "only models --fetch hub needs it; --model fast does not")


def _folders() -> Iterator[Finding]:
    import platformdirs

    from .networks.runtimes.cache import cache_folder
    from .styles.library import user_folder

    for name, folder in (
        ("cache", cache_folder()),
        ("styles", user_folder()),
        ("snapshots", platformdirs.user_pictures_path()),
        ("recordings", platformdirs.user_videos_path()),
    ):
        existing = next((one for one in (folder, *folder.parents) if one.exists()), None)
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as reason:
            detail = f"{folder} cannot be written: {reason.strerror or reason}"
            yield Finding(f"{name} folder", State.PROBLEM, detail, "give yourself write access to it")
            continue
        free = shutil.disk_usage(existing or folder).free / 1e9
        state = State.GOOD if free > 1 else State.PROBLEM
        advice = "" if free > 1 else "make room on that disk"
        yield Finding(f"{name} folder", state, f"{folder}, {free:.1f} GB free", advice)


def _styles() -> Iterator[Finding]:
    from .styles.library import find_styles

    broken = 0
    styles = find_styles()
    for style in styles:
        try:
            style.read()
        except StylizeError as reason:
            broken += 1
            yield Finding(f"style {style.name}", State.PROBLEM, str(reason))
    yield Finding("styles", State.GOOD, f"{len(styles) - broken} of {len(styles)} can be read")


CHECKS: tuple[Check, ...] = (
    _system, _packages, _extras, _display, _cameras, _codecs, _runtimes, _models, _folders, _styles,
)  # fmt: skip


def _without_private_paths(finding: Finding) -> Finding:
    """Write the home folder as ~ and the user's name as USER."""
    home = str(Path.home())
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry for this user
        user = ""

    def clean(text: str) -> str:
        text = text.replace(home, "~") if len(home) > 1 else text
        return re.sub(rf"(?<=[/\\]){re.escape(user)}(?=[/\\]|\b)", "USER", text) if user else text

    return finding._replace(detail=clean(finding.detail), advice=clean(finding.advice))
