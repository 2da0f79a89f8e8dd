"""Everything that is drawn over the video: status, recording time, help and messages."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2

from ..frames import Image
from ..keys import KEYS, Key
from ..sinks.recorder import Recorder
from ..styles.held_picture import box
from .adaptive_stylizer import AdaptiveStylizer
from .panel import WHITE, Color, Panel
from .session import Overlay, Session
from .style_encoder import StyleEncoder

RED: Color = (80, 80, 255)
BLACK: Color = (0, 0, 0)
DIMMED = 0.35
"""Brightness of the last frame while no others come."""
STATISTICS_INTERVAL = 0.25
"""Seconds between two updates of the speed: numbers that change with every frame cannot be read."""


class Hud:
    """Draws the state of a session over the image in its window."""

    def __init__(
        self,
        session: Session,
        styles: StyleEncoder,
        recorder: Recorder,
        stylizer: AdaptiveStylizer,
        keys: Sequence[Key] = KEYS,
        titles: Mapping[str, str] = {},
    ) -> None:
        """Create the overlay; `titles` has the titles of styles by their names, where they have one."""
        self._titles = titles
        self._session = session
        self._styles = styles
        self._recorder = recorder
        self._stylizer = stylizer
        self._keys = keys
        self._statistics: tuple[float, list[str]] = (0.0, [])
        self._status_panel = Panel((0, 0))
        self._recording_panel = Panel((0, 1))
        self._help_panel = Panel((0.5, 0.5))
        self._message_panel = Panel((1, 0.5))
        self._waiting_panel = Panel((0.5, 0.5))
        self._countdown_panel = Panel((0.15, 0.5))

    def draw(self, canvas: Image) -> None:
        """Draw the panels that the user has switched on onto `canvas` (uint8 BGR, H x W x 3), in place."""
        session = self._session
        waiting = session.waiting
        if waiting:
            cv2.convertScaleAbs(canvas, canvas, DIMMED)
        if session.overlay is not Overlay.OFF:
            self._status_panel.draw(canvas, [[line] for line in self._status_lines()])
            self._recording_panel.draw(canvas, self._recording_rows(), RED)
        if session.help:
            self._help_panel.draw(canvas, [[key.name, key.help] for key in self._keys])
        self._draw_countdown(canvas)
        self._message_panel.draw(canvas, _wrap(session.message))
        self._waiting_panel.draw(canvas, _wrap(waiting))

    def _status_lines(self) -> list[str]:
        updated, lines = self._statistics
        if time.monotonic() - updated > STATISTICS_INTERVAL:
            lines = self._measure()
            self._statistics = (time.monotonic(), lines)
        fitting = self._session.fitting
        improving = [] if fitting is None else [f"improving {fitting[0]}: {fitting[1]:.0%}"]
        if self._session.overlay is Overlay.SMALL:
            return [f"{self._short_style()}, {lines[0]}, h: help", *improving]
        return [self._style_line(), *improving, f"{lines[0]}; ms: {lines[1]}", *lines[2:], "h: help"]

    def _title(self, index: int) -> str:
        name = self._styles.name(index)
        return self._titles.get(name) or name

    def _short_style(self) -> str:
        if self._session.original:
            return "original"
        styles = self._styles
        preparing = "" if styles.ready else f", preparing {self._title(styles.requested)}"
        return f"{self._title(styles.current)}{preparing}"

    def _style_line(self) -> str:
        if self._session.original:
            return "original (space: stylized)"
        styles, params = self._styles, self._session.params
        name = f"{styles.current + 1}/{len(styles)} {self._title(styles.current)}"
        if styles.second is not None and self._session.mix > 0:
            name += f" + {self._session.mix:.0%} {self._title(styles.second)}"
        preparing = "" if styles.ready else f", preparing {self._title(styles.requested)}"
        colors = ", colours kept" if params.keep_colors else ""
        return f"{name}{preparing}, strength {params.strength:.0%}{colors}"

    def _measure(self) -> list[str]:
        network, clock = self._stylizer.network, self._stylizer.clock
        stages = clock.stages_ms(last=30)
        times = ", ".join(f"{name} {stages[name]:.1f}" for name in ("prepare", "stylize", "finish", "show"))
        return [
            f"{clock.recent_fps():.1f} fps",
            times,
            f"{Path(network.name).name} on {network.device}, {network.runtime}",
            self._stroke_line(),
        ]

    def _stroke_line(self) -> str:
        requested, used = self._stylizer.stroke_size, self._stylizer.processing_size
        compromise = f", {used} to hold the frame rate" if used < requested else ""
        return f"stroke size {requested} px{compromise}"

    def _draw_countdown(self, canvas: Image) -> None:
        """Draw the seconds until a style is captured, and the box in which to hold its picture."""
        seconds, size = self._session.countdown, self._session.frame_size
        if seconds is None or size is None:
            return
        scale = min(canvas.shape[0] / size[0], canvas.shape[1] / size[1])
        below, beside = (canvas.shape[0] - size[0] * scale) / 2, (canvas.shape[1] - size[1] * scale) / 2
        top, left, bottom, right = box(*size)
        corners = [(round(x * scale + beside), round(y * scale + below)) for x, y in ((left, top), (right, bottom))]
        for color, thickness in ((BLACK, 4), (WHITE, 2)):
            cv2.rectangle(canvas, corners[0], corners[1], color, thickness)
        self._countdown_panel.draw(canvas, [[f"{max(math.ceil(seconds), 1)}: hold a picture in the box"]])

    def _recording_rows(self) -> list[list[str]]:
        recording = self._recorder.recording
        if recording is None:
            return []
        minutes, seconds = divmod(int(recording.seconds), 60)
        return [[f"REC {minutes}:{seconds:02d}"]]


def _wrap(text: str) -> list[list[str]]:
    """Return the rows of a text. A file name stays whole."""
    return [[line] for line in textwrap.wrap(text, 64, break_on_hyphens=False)]
