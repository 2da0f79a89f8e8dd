"""Whether a window can be opened here."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import cv2

from ..errors import DeviceError


def display_available() -> bool:
    """Whether a window can be opened here."""
    return _why_no_display() is None


def check_display() -> None:
    """Raise DeviceError where no window can be opened: OpenCV would abort the process at the first try."""
    reason = _why_no_display()
    if reason:
        raise DeviceError(f"no window can be opened: {reason}. Without a window: --headless --record FILE")


def _why_no_display() -> str | None:
    if not sys.platform.startswith("linux"):
        return None
    display = os.environ.get("DISPLAY")
    if not display:
        return "there is no display (DISPLAY is not set)"
    packages = "install what OpenCV needs: apt-get install libgl1 libglib2.0-0 libsm6 libxext6"
    try:
        x11 = ctypes.CDLL("libX11.so.6")
        for plugin in (Path(cv2.__file__).parent / "qt" / "plugins" / "platforms").glob("libqxcb.so"):
            ctypes.CDLL(str(plugin))
    except OSError as reason:
        return f"{reason}; {packages}"
    x11.XOpenDisplay.argtypes, x11.XOpenDisplay.restype = [ctypes.c_char_p], ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(display.encode())
    if not connection:
        return f"the display {display} does not answer"
    x11.XCloseDisplay(connection)
    return None
