"""The window: shows frames and hands on keys. Only the main thread may use it."""

from __future__ import annotations

from collections.abc import Callable

import cv2

from ..errors import DeviceError
from ..frames import Frame, Image
from ..keys import Controls, key_name, press
from ..media.resize import letterbox


class Window:
    """A sink that shows frames in a window that can be resized.

    size: (height, width) of the frames. draw: lays over a picture of the window's size, in place, what is to
    be read on it. fullscreen: whether the window is to fill the screen. Call `check_display` before.
    """

    def __init__(
        self,
        title: str,
        size: tuple[int, int],
        controls: Controls,
        draw: Callable[[Image], None],
        fullscreen: Callable[[], bool] = lambda: False,
    ) -> None:
        self._title = title
        self._controls = controls
        self._draw = draw
        self._fullscreen_requested = fullscreen
        self._fullscreen = False
        self._open = True
        try:
            # The picture's shape is kept by `letterbox`: with KEEPRATIO the window does not tell its real size.
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
            canvas = letterbox(frame.image, height, width)
            self._draw(canvas)
            cv2.imshow(self._title, canvas)

    def poll(self) -> None:
        code = cv2.waitKeyEx(1)
        if code != -1:
            press(key_name(code), self._controls)
        if not self._is_open():
            self._controls.quit()
        elif self._fullscreen_requested() != self._fullscreen:
            self._fullscreen = not self._fullscreen
            mode = cv2.WINDOW_FULLSCREEN if self._fullscreen else cv2.WINDOW_NORMAL
            cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, mode)

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
