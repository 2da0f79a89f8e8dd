"""Find out whether this machine can open a window."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import cv2

from ..errors import DeviceError

QT_PLATFORMS = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms"
"""The window systems of OpenCV's own Qt; missing where OpenCV uses the system's Qt, or another toolkit."""


def display_available() -> bool:
    """Return whether a window can be opened."""
    return _display_problem() is None


def check_display() -> None:
    """Check that a window can be opened. Without this, OpenCV aborts the process at its first attempt.

    If the environment chooses a window system that OpenCV's Qt was built without, such as Wayland, X11 is used instead.

    Raises:
        DeviceError: if no window can be opened; the message says why.
    """
    problem = _display_problem()
    if problem:
        raise DeviceError(f"no window can be opened: {problem}. Without a window: --headless --record FILE")
    _choose_platform()


def _display_problem() -> str | None:
    """Return the reason why no window can be opened; None if one can."""
    if not sys.platform.startswith("linux"):
        return None
    display = os.environ.get("DISPLAY")
    if not display:
        wayland = ", and OpenCV's windows need X11, not Wayland: install XWayland"
        return "there is no display (DISPLAY is not set)" + (wayland if os.environ.get("WAYLAND_DISPLAY") else "")
    packages = "install what OpenCV needs: apt-get install libgl1 libglib2.0-0 libsm6 libxext6"
    try:
        x11 = ctypes.CDLL("libX11.so.6")
        for plugin in QT_PLATFORMS.glob("libqxcb.so"):
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


def _choose_platform() -> None:
    """Let Qt use X11 if it has none of the window systems that QT_QPA_PLATFORM names: it would abort the process."""
    available = {plugin.stem.removeprefix("libq") for plugin in QT_PLATFORMS.glob("libq*.so")}
    requested = {choice.partition(":")[0] for choice in os.environ.get("QT_QPA_PLATFORM", "xcb").split(";")}
    if available and not requested & available:
        os.environ["QT_QPA_PLATFORM"] = "xcb"
