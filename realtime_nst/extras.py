"""The optional packages: what needs each, and the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

EXTRAS = {
    "heic": ("pi-heif", "HEIC photos"),
    "mic": ("sounddevice", "--mic records sound"),
    "virtual-camera": ("pyvirtualcam", "--virtual-camera"),
    "cameras": ("cv2-enumerate-cameras", "cameras by name on Windows and macOS"),
    "plot": ("matplotlib", "optimize --plot"),
}
"""For each extra: its package, and what needs it."""


def install_command(extra: str) -> str:
    """Return the command that installs an extra beside this program, whatever environment is active.

    Double quotes work in every shell, in the Windows Command Prompt too.
    """
    python = sys.executable or "python"
    if Path(python).is_relative_to(Path.cwd()):  # as the README writes it
        python = str(Path(python).relative_to(Path.cwd()))
    quoted = f'"{python}"' if " " in python else python
    return f'{quoted} -m pip install "realtime-nst[{extra}]"'
