"""The window: shows frames and hands on keys. Only the main thread may use it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2

from .errors import DeviceError
from .frames import Frame, Picture
from .keys import Controls, press


class Window:
    """A sink that shows frames in a window that can be resized.

    draw: what is shown of a picture (with an overlay, say). Call `check_display` before.
    """

    def __init__(
        self, title: str, size: tuple[int, int], controls: Controls, draw: Callable[[Picture], Picture]
    ) -> None:
        self._title = title
        self._controls = controls
        self._draw = draw
        self._open = True
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as reason:
            raise DeviceError(
                "this OpenCV has no windows (opencv-python-headless?): pip install --force-reinstall opencv-python, "
                "or record instead: --headless --record FILE"
            ) from reason
        cv2.resizeWindow(title, size[1], size[0])

    def write(self, frame: Frame) -> None:
        # Showing a picture in a window that the user has closed would open it again.
        if self._is_open():
            cv2.imshow(self._title, self._draw(frame.picture))

    def poll(self) -> None:
        code = cv2.waitKeyEx(1)
        if code != -1:
            press(code, self._controls)
        if not self._is_open():
            self._controls.quit()

    def toggle_fullscreen(self) -> None:
        full = cv2.getWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN) == cv2.WINDOW_FULLSCREEN
        cv2.setWindowProperty(
            self._title, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_NORMAL if full else cv2.WINDOW_FULLSCREEN
        )

    def close(self) -> None:
        if self._is_open():
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        self._open = False

    def _is_open(self) -> bool:
        if self._open:
            try:
                self._open = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
            except cv2.error:  # Qt forgets a window with the last one closed.
                self._open = False
        return self._open


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
