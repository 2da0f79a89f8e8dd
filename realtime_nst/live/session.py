"""What the user can change while a run goes on, and what the window tells about it."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs

from ..errors import OutputError, StylizeError
from ..frames import Frame, Image
from ..keys import KEYS
from ..media.images import write_image
from ..media.paths import new_file
from ..pipeline import RenderParams
from ..sinks.recorder import Recorder, Recording
from ..sinks.window import Window
from ..styles.transition import Fade
from ..stylizer import Stylizer
from .hud import RED, Panel
from .style_encoder import StyleEncoder


class Session:
    """The controls that the keys work on; asked by the pipeline how each frame is to look.

    fade: seconds from one style to the next. cycle: seconds after which the next style comes by itself, None: never.
    say: tells the user something in words. stop: set to end the run.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        book: StyleEncoder,
        recorder: Recorder,
        *,
        strength: float,
        mirror: bool,
        keep_colors: bool,
        fade: float,
        cycle: float | None,
        wait_for_style: bool,
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._stylizer = stylizer
        self._book = book
        self._recorder = recorder
        self._wait_for_style = wait_for_style
        self._say = say
        self._stop = stop
        self.strength = strength
        self.mirror = mirror
        self.keep_colors = keep_colors
        self.original = False
        self._fade = Fade(fade)
        self._cycle = cycle
        self._chosen = (book.wanted, 0.0)
        self.overlay = True
        self.help = False
        self.window: Window | None = None
        self._seen: Frame | None = None
        self._shown: Image | None = None
        self._message = ("", 0.0)
        self._figures: tuple[float, list[str]] = (0.0, [])
        self._panels = {
            name: Panel(at)
            for name, at in {"overlay": (0, 0), "recording": (0, 1), "help": (0.5, 0.5), "message": (1, 0.5)}.items()
        }
        self._silent = False
        self._taken = 0
        self._files = ThreadPoolExecutor(1, thread_name_prefix="snapshot")

    def look(self, frame: Frame) -> RenderParams:
        """How `frame` is to be turned; called on the stylizing thread."""
        self._seen = frame
        if self._cycle:
            self._go_on(frame.time, self._cycle)
        code = self._fade.towards(self._book.code(wait=self._wait_for_style), frame.time)
        return RenderParams(code, 0.0 if self.original else self.strength, self.mirror, self.keep_colors)

    def _go_on(self, time: float, seconds: float) -> None:
        """Want the next style where one has been wanted for so long."""
        wanted, since = self._chosen
        if self._book.wanted == wanted and time - since >= seconds:
            self._book.step(1)
        if self._book.wanted != wanted:
            self._chosen = (self._book.wanted, time)

    def tell(self, message: str) -> None:
        """Tell the user, in words and for some seconds in the window."""
        self._say(message)
        self._message = (message, time.monotonic())

    # As a sink it remembers what is shown, for snapshots, and passes on the news of others.

    def write(self, frame: Frame) -> None:
        self._shown = frame.image

    def poll(self) -> None:
        while self._recorder.ended:
            self.tell(_outcome(self._recorder.ended.pop(0)))
        if self._recorder.silent and not self._silent:
            self.tell("the microphone has stopped: recording goes on without sound; plug it in and start again")
        self._silent = self._recorder.silent
        while self._book.broken:
            self.tell(str(self._book.broken.pop(0)))

    def close(self) -> None:
        """Pass on the last news and wait for snapshots to be written."""
        self.poll()
        self._files.shutdown()

    # What the keys do.

    def step_style(self, by: int) -> None:
        self._book.step(by)

    def choose_style(self, index: int) -> None:
        if index < len(self._book):
            self._book.want(index)
        else:
            self.tell(f"there are {len(self._book)} styles")

    def toggle_original(self) -> None:
        self.original = not self.original

    def change_strength(self, by: float) -> None:
        self.strength = round(min(max(self.strength + by, 0.0), 1.0), 2)

    def take_style(self) -> None:
        if self._seen is None:
            return
        # A camera's buffer is its own: it may be filled anew before the picture is encoded.
        image = self._seen.image.copy()
        self._taken += 1
        self._book.want(self._book.add(f"taken {self._taken}", lambda: image))
        self._files.submit(self._save, image, "took it as a style, kept as")

    def toggle_mirror(self) -> None:
        self.mirror = not self.mirror

    def toggle_colors(self) -> None:
        self.keep_colors = not self.keep_colors

    def save_snapshot(self) -> None:
        if self._shown is not None:
            self._files.submit(self._save, self._shown, "saved")

    def _save(self, image: Image, what: str) -> None:
        try:
            path = new_file(platformdirs.user_pictures_path(), ".png")
            self.tell(f"{what} {write_image(path, image)}")
        except StylizeError as reason:
            self.tell(str(reason))

    def toggle_recording(self) -> None:
        if self._recorder.recording is not None:
            self._recorder.stop()
            return
        try:
            path = new_file(platformdirs.user_videos_path(), ".mp4")
            self._recorder.start(path)
        except OutputError as reason:
            self.tell(str(reason))
        else:
            self.tell(f"recording {path}")

    def toggle_fullscreen(self) -> None:
        if self.window is not None:
            self.window.toggle_fullscreen()

    def toggle_overlay(self) -> None:
        self.overlay = not self.overlay

    def toggle_help(self) -> None:
        self.help = not self.help

    def quit(self) -> None:
        self._stop.set()

    # What others are told: `control`.

    def state(self) -> dict:
        """How things are, for JSON; may be called from any thread."""
        book, recording = self._book, self._recorder.recording
        return {
            "styles": [book.name(number) for number in range(len(book))],
            "shown": book.shown,
            "wanted": book.wanted,
            "original": self.original,
            "strength": self.strength,
            "keep_colors": self.keep_colors,
            "mirror": self.mirror,
            "recording": None if recording is None else int(recording.seconds),
            "fps": round(self._stylizer.clock.recent_fps(), 1),
            "message": self._news(),
        }

    def style_image(self, index: int) -> Image:
        """The picture of a style, uint8 BGR. Raises IndexError and StyleError."""
        return self._book.read(index)

    def _news(self) -> str:
        """What was told, for as long as it takes to read."""
        message, told = self._message
        return message if time.monotonic() - told < 4 else ""

    # What the window shows.

    def draw(self, canvas: Image) -> None:
        """Lay over `canvas` (uint8 BGR, changed in place) what the user has asked to see."""
        if self.overlay:
            self._panels["overlay"].draw(canvas, [[line] for line in self._lines()])
            self._panels["recording"].draw(canvas, self._recording_rows(), RED)
        if self.help:
            self._panels["help"].draw(canvas, [[key.name, key.help] for key in KEYS])
        self._panels["message"].draw(canvas, [[line] for line in textwrap.wrap(self._news(), 64)])

    def _lines(self) -> list[str]:
        drawn, lines = self._figures
        # Figures that change with every frame cannot be read.
        if time.monotonic() - drawn > 0.25:
            self._figures = (time.monotonic(), self._measure())
        return [self._style_line(), *self._figures[1]]

    def _style_line(self) -> str:
        book = self._book
        if self.original:
            return "original (space: styled)"
        name = f"{book.shown + 1}/{len(book)} {book.name(book.shown)}"
        coming = "" if book.ready else f", preparing {book.name(book.wanted)}"
        colors = ", colours kept" if self.keep_colors else ""
        return f"{name}{coming}, strength {self.strength:.0%}{colors}"

    def _measure(self) -> list[str]:
        network, clock = self._stylizer.network, self._stylizer.clock
        stages = clock.stages_ms(last=30)
        times = ", ".join(f"{name} {stages[name]:.1f}" for name in ("prepare", "stylize", "finish", "show"))
        return [
            f"{Path(network.name).name} on {network.device}, {network.runtime}",
            f"{clock.recent_fps():.1f} fps; ms: {times}",
            "h: help",
        ]

    def _recording_rows(self) -> list[list[str]]:
        recording = self._recorder.recording
        if recording is None:
            return []
        minutes, seconds = divmod(int(recording.seconds), 60)
        return [[f"REC {minutes}:{seconds:02d}"]]


def _outcome(recording: Recording) -> str:
    """What became of a recording that has ended."""
    if recording.failure is not None:
        return str(recording.failure)
    if not recording.frames:
        return f"nothing was recorded: no frame came before {recording.path} was stopped"
    lost = f", {recording.lost} left out: the encoder could not keep up" if recording.lost else ""
    return f"recorded {recording.path} ({recording.frames} frames{lost})"
