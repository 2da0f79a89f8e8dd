"""A desktop for tests: an X server with a window manager, and a program used on it as a person would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from . import ROOT

TOOLS = ("Xvfb", "openbox", "xdotool", "import")


@contextlib.contextmanager
def desktop(width: int = 1280, height: int = 800) -> Iterator[str]:
    """Run a separate display; yield its name, for DISPLAY."""
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        display = f":{pipe.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env=os.environ | {"DISPLAY": display}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield display
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait()


class Program:
    """`python -m realtime_nst ARGS` on a display, with a home folder of its own."""

    def __init__(self, args: list[str], *, display: str, home: Path) -> None:
        self._display = {"DISPLAY": display}
        self.home = home
        self.said: list[str] = []
        env = os.environ | self._display
        env |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "realtime_nst", *args], env=env, stderr=subprocess.PIPE, text=True
        )
        self._listener = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self._listener.start()
        self.window = self._find_window()

    def _find_window(self) -> str:
        def found() -> str:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {''.join(self.said)}"
            own = ("--pid", str(self.process.pid), "--name", "^realtime-nst$")
            return self._xdotool("search", "--all", "--onlyvisible", *own)

        return self.until(found, 90)

    def _xdotool(self, *args: str) -> str:
        done = subprocess.run(
            ["xdotool", *args], env=os.environ | self._display, capture_output=True, text=True, timeout=30
        )
        return done.stdout.strip()

    def press(self, *keys: str) -> None:
        """Press keys as a person would, one after the other."""
        self._xdotool("windowactivate", "--sync", self.window)
        for key in keys:
            self._xdotool("key", "--window", "0", key)
            time.sleep(0.05)

    def mouse(self, *actions: str) -> None:
        """Use the mouse: "X,Y" moves it to that place in the window; "down 1" and "up 1" press and release a button."""
        for action in actions:
            if "," in action:
                self._xdotool("mousemove", "--window", self.window, *action.split(","))
            else:
                self._xdotool(*f"mouse{action}".split())
            time.sleep(0.05)

    def resize(self, width: int, height: int) -> None:
        self._xdotool("windowsize", "--sync", self.window, str(width), str(height))

    def size(self) -> tuple[int, int]:
        """(width, height) of the area inside the window's frame, in pixels."""
        lines = self._xdotool("getwindowgeometry", "--shell", self.window).splitlines()
        values = dict(line.split("=") for line in lines if "=" in line)
        return int(values["WIDTH"]), int(values["HEIGHT"])

    def screenshot(self) -> np.ndarray:
        """What the window shows, uint8 BGR."""
        shot = subprocess.run(
            ["import", "-window", self.window, "bmp:-"], env=os.environ | self._display, capture_output=True, check=True
        )
        image = cv2.imdecode(np.frombuffer(shot.stdout, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return image

    def until(self, wish: Callable, seconds: float = 15.0):
        """The first true value of `wish()`; fails after `seconds`."""
        end = time.monotonic() + seconds
        while not (value := wish()):
            assert time.monotonic() < end, f"did not come true; the program said: {''.join(self.said)}"
            time.sleep(0.1)
        return value

    def wait(self, seconds: float = 15.0) -> int:
        """The exit status."""
        status = self.process.wait(seconds)
        self._listener.join()
        return status

    def close(self) -> None:
        """End it whatever it is doing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
