"""The window: shows frames and hands on keys. Only the main thread may use it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from ..errors import DeviceError
from ..frames import Frame, Image
from ..interfaces import Controls
from ..keys import key_name, press


class Window:
    """A sink that shows frames in a window that can be resized.

    size: (height, width) of the frames. draw: lays over a picture of the window's size, in place, what is to
    be read on it. Call `check_display` before.
    """

    def __init__(self, title: str, size: tuple[int, int], controls: Controls, draw: Callable[[Image], None]) -> None:
        self._title = title
        self._controls = controls
        self._draw = draw
        self._open = True
        try:
            # The picture's shape is kept by `fit`: with KEEPRATIO the window does not tell its real size.
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as reason:
            raise DeviceError(
                "this OpenCV has no windows (opencv-python-headless?): "
                "pip install --force-reinstall opencv-python, or record instead: --headless --record FILE"
            ) from reason
        height, width = size
        scale = min(max(640 / max(size), 1), 1280 / max(size))
        cv2.resizeWindow(title, round(width * scale), round(height * scale))

    def write(self, frame: Frame) -> None:
        # Showing a picture in a window that the user has closed would open it again.
        if self._is_open():
            _, _, width, height = cv2.getWindowImageRect(self._title)
            canvas = fit(frame.image, height, width)
            self._draw(canvas)
            cv2.imshow(self._title, canvas)

    def poll(self) -> None:
        code = cv2.waitKeyEx(1)
        if code != -1:
            press(key_name(code), self._controls)
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


def fit(image: Image, height: int, width: int) -> Image:
    """A new picture, height x width: `picture` as large as it fits, black beside it."""
    if height < 16 or width < 16:  # A window that is not laid out yet.
        return image.copy()
    scale = min(height / image.shape[0], width / image.shape[1])
    down, across = min(round(image.shape[0] * scale), height), min(round(image.shape[1] * scale), width)
    top, left = (height - down) // 2, (width - across) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    inside = canvas[top : top + down, left : left + across]
    cv2.resize(image, (across, down), dst=inside, interpolation=way)
    return canvas


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
