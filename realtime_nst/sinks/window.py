"""The window: displays frames and passes on key presses. Only the main thread may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import cv2

from .._closing import Closing
from ..errors import DeviceError
from ..frames import Frame, Image
from ..keys import Keyboard, key_name
from ..media.resize import letterbox


class Window(Closing):
    """A sink that displays frames in a resizable window."""

    name: ClassVar[str] = "window"
    help: ClassVar[str] = "display the frames in a window"

    def __init__(
        self,
        title: str,
        size: tuple[int, int],
        keyboard: Keyboard,
        draw: Callable[[Image], None],
        fullscreen: Callable[[], bool] = lambda: False,
    ) -> None:
        """Open the window. Call `sinks.display.check_display` first.

        Args:
            title: its title, unique in the process.
            size: (height, width) of the frames in pixels.
            keyboard: performs the actions of the keys.
            draw: draws the overlay in place onto an image of the window's size (uint8 BGR, H x W x 3).
            fullscreen: returns whether the window should fill the screen.

        Raises:
            DeviceError: if this OpenCV was built without window support.
        """
        self._title = title
        self._keyboard = keyboard
        self._draw = draw
        self._fullscreen_requested = fullscreen
        self._fullscreen = False
        self._open = True
        try:
            # `letterbox` keeps the aspect ratio, because with WINDOW_KEEPRATIO OpenCV misreports the window's size.
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as reason:
            raise DeviceError(
                "this OpenCV has no windows (opencv-python-headless?): "
                "pip install --force-reinstall opencv-python, or record instead: --headless --record FILE"
            ) from reason
        height, width = size
        scale = min(max(640 / max(size), 1), 1280 / max(size))
        cv2.resizeWindow(title, round(width * scale), round(height * scale))
        self._shown = (0.0, 1.0)
        """Left edge and width, in pixels of the window, of the frame in it."""
        cv2.setMouseCallback(title, self._mouse)

    def write(self, frame: Frame) -> None:
        """Display a frame."""
        # imshow would reopen a window that the user has closed.
        if self._is_open():
            _, _, width, height = cv2.getWindowImageRect(self._title)
            canvas = letterbox(frame.image, height, width)
            shown = frame.image.shape[1] * min(height / frame.image.shape[0], width / frame.image.shape[1])
            self._shown = (width - shown) / 2, max(shown, 1.0)
            self._draw(canvas)
            cv2.imshow(self._title, canvas)

    def poll(self) -> None:
        """Handle key presses, a closed window and a change to or from full screen."""
        code = cv2.waitKeyEx(1)
        if code != -1:
            self._keyboard.press(key_name(code))
        if not self._is_open():
            self._keyboard.controls.quit()
        elif self._fullscreen_requested() != self._fullscreen:
            self._fullscreen = not self._fullscreen
            mode = cv2.WINDOW_FULLSCREEN if self._fullscreen else cv2.WINDOW_NORMAL
            cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, mode)

    def close(self) -> None:
        """Close the window. Calling it again does nothing."""
        if self._is_open():
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        self._open = False

    def _mouse(self, event: int, x: int, y: int, flags: int, _: object) -> None:
        """Move the split line with the left button; show the original while the right button is held.

        The keys cannot do that: OpenCV's windows report no release of a key.
        """
        controls = self._keyboard.controls
        if event == cv2.EVENT_LBUTTONDOWN or (event == cv2.EVENT_MOUSEMOVE and flags & cv2.EVENT_FLAG_LBUTTON):
            left, width = self._shown
            controls.drag_split(min(max((x - left) / width, 0.0), 1.0))
        elif event in (cv2.EVENT_RBUTTONDOWN, cv2.EVENT_RBUTTONUP):
            controls.show_original(event == cv2.EVENT_RBUTTONDOWN)

    def _is_open(self) -> bool:
        if self._open:
            try:
                self._open = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
            except cv2.error:  # Qt forgets a window when the last one is closed.
                self._open = False
        return self._open
