"""The state of a live run that its user can change, and the actions that change it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Protocol

import platformdirs

from ..errors import OutputError, StylizeError
from ..frames import Frame, Image, RenderParams
from ..interfaces import Notify
from ..media.images import write_image
from ..media.paths import new_file
from ..settings.file import Settings
from ..sinks.recorder import Recorder, Recording
from ..styles.blending import blend
from ..styles.held_picture import held_picture
from ..styles.transition import Fade, Glide
from .adaptive_stylizer import AdaptiveStylizer
from .fitting.refiner import Refiner
from .style_encoder import StyleEncoder

IMPROVEMENT_FADE = 2.0
"""Seconds in which a better vector of the same style fades in."""

MESSAGE_SECONDS = 4.0
"""How long a message stays, in seconds: enough to read it."""


COUNTDOWN = 3.0
"""Seconds between the request for a captured style and its capture: time to hold a picture up."""


class Overlay(Enum):
    """What the window shows of the run's state, in the order in which its key changes it."""

    SMALL = 0
    """Style, frame rate and recording."""
    DETAILS = 1
    """Also strength, model and the duration of each stage."""
    OFF = 2


class Camera(Protocol):
    """A source that may go away for a while."""

    messages: list[str]
    """What has happened to it; whoever reports a message removes it."""

    @property
    def waiting(self) -> str:
        """A sentence for the user while no frames come; otherwise empty."""
        ...


class Session:
    """The controls of a live run, and the render parameters of each frame.

    It is also a sink: it keeps the last output for snapshots, and reports what happens to recordings and styles.

    Args:
        styles: the styles to choose from.
        refiner: improves the style in use, if the user asks for it.
        recorder: switched on and off by the user.
        stylizer: measures the frame rate, and has the stroke size.
        params: the render parameters to begin with; their code is not used.
        settings: where presets are kept; None: nowhere.
        references: what finds each style again, for presets; a captured style is found no more.
        mix: share of the second style, 0 to 1.
        fade: seconds from one style to the next.
        cycle: seconds after which the next style is shown automatically; None: never.
        wait_for_style: hold back the first frame until a style is ready.
        notify: tells the user one sentence.
        stop: set to end the run.
        camera: the source, if it may go away; its messages are reported.

    Attributes:
        params: the requested render parameters, without the code.
        mix: the requested share of the second style, 0 to 1.
        split: where the line between original and stylized frame is, 0 to 1 of the width; None: there is none.
        original: whether the original is shown instead.
        overlay: what the window shows of the run's state.
        help: whether the window shows the keys.
        fullscreen: whether the window fills the screen.
    """

    def __init__(
        self,
        styles: StyleEncoder,
        refiner: Refiner,
        recorder: Recorder,
        stylizer: AdaptiveStylizer,
        params: RenderParams,
        *,
        settings: Settings | None = None,
        references: Sequence[str] = (),
        mix: float = 0.0,
        fade: float,
        cycle: float | None,
        wait_for_style: bool,
        notify: Notify,
        stop: threading.Event,
        camera: Camera | None = None,
    ) -> None:
        self._camera = camera
        self._styles = styles
        self._refiner = refiner
        self._recorder = recorder
        self._stylizer = stylizer
        self.params = params
        self._settings = settings
        self._references = references
        self._fade = Fade(fade)
        self._strength = Glide(params.strength)
        self.mix = mix
        self._mix = Glide(0.0)
        self._second_fade = Fade(fade)
        self.split: float | None = None
        self._split_place = 0.5
        self._cycle = cycle
        self._wait_for_style = wait_for_style
        self._notify = notify
        self._stop = stop
        self.original = False
        self.overlay = Overlay.SMALL
        self.help = False
        self.fullscreen = False
        self._rendered_style: int | None = None
        self._style_since = (styles.requested, 0.0)
        self._input: Frame | None = None
        self._output: Image | None = None
        self._message = ("", 0.0)
        self._silent = False
        self._captured_styles = 0
        self._capture_at: float | None = None
        """When to capture a style, by the frames' times; None: not requested."""
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="snapshot")

    def render_params(self, frame: Frame) -> RenderParams:
        """Return how to render `frame`. Called on the stylizing thread."""
        self._input = frame
        if self._capture_at is not None and frame.time >= self._capture_at:
            self._capture_at = None
            self._capture_style(frame.image)
        if self._cycle is not None:
            self._advance_cycle(frame.time, self._cycle)
        self._refiner.offer(frame.image)
        code = self._styles.code(wait=self._wait_for_style)
        improved = self._styles.current == self._rendered_style
        self._rendered_style = self._styles.current
        code = self._fade.towards(code, frame.time, IMPROVEMENT_FADE if improved else None)
        second = self._second_fade.towards(self._styles.second_code(), frame.time)
        mix = self._mix.towards(self.mix if self._styles.second is not None and second is not None else 0.0, frame.time)
        if code is not None and second is not None and mix > 0:
            code = blend([code, second], [1 - mix, mix])
        strength = 0.0 if self.original else self._strength.towards(self.params.strength, frame.time)
        return self.params._replace(code=code, strength=strength, processing_size=self._stylizer.processing_size)

    def _advance_cycle(self, time: float, seconds: float) -> None:
        """Request the next style if the requested one has not changed for `seconds`."""
        requested, since = self._style_since
        if self._styles.requested == requested and time - since >= seconds:
            self._styles.step(1)
        if self._styles.requested != requested:
            self._style_since = (self._styles.requested, time)

    def report(self, message: str) -> None:
        """Notify the user, and show the message for some seconds in the window and on the control page."""
        self._notify(message)
        self._message = (message, time.monotonic())

    @property
    def waiting(self) -> str:
        """What the run is waiting for while its camera delivers no frames; otherwise empty."""
        return self._camera.waiting if self._camera is not None else ""

    @property
    def message(self) -> str:
        """The last message, for as long as it takes to read; then empty."""
        message, since = self._message
        return message if time.monotonic() - since < MESSAGE_SECONDS else ""

    # A sink's methods.

    def write(self, frame: Frame) -> None:
        self._output = frame.image

    def poll(self) -> None:
        while self._camera is not None and self._camera.messages:
            self.report(self._camera.messages.pop(0))
        while self._recorder.ended:
            self.report(_outcome(self._recorder.ended.pop(0)))
        if self._recorder.silent and not self._silent:
            self.report(
                "the microphone has stopped: recording continues without sound; plug it in and restart the program"
            )
        self._silent = self._recorder.silent
        while self._styles.errors:
            self.report(str(self._styles.errors.pop(0)))

    def close(self) -> None:
        """Report pending events and wait until snapshots are written."""
        self._refiner.close()
        self.poll()
        self._writer.shutdown()

    # The controls.

    def step_style(self, by: int) -> None:
        self._styles.step(by)

    def choose_style(self, index: int) -> None:
        if index < len(self._styles):
            self._styles.request(index)
        else:
            self.report(f"there are {len(self._styles)} styles")

    def toggle_original(self) -> None:
        self.original = not self.original

    def toggle_split(self) -> None:
        self.split = self._split_place if self.split is None else None

    def set_split(self, place: float) -> None:
        self.split = self._split_place = place

    def drag_split(self, place: float) -> None:
        """Move the line, if there is one."""
        if self.split is not None:
            self.set_split(place)

    def step_second_style(self) -> None:
        styles = self._styles
        last = styles.requested if styles.second is None else styles.second
        styles.mix_in(last + 1)
        self.mix = self.mix or 0.5
        assert styles.second is not None
        self.report(f"mixing in {styles.name(styles.second)}: , and . change its share, {self.mix:.0%}")

    def change_mix(self, by: float) -> None:
        self.set_mix(round(min(max(self.mix + by, 0.0), 1.0), 2))

    def set_mix(self, share: float) -> None:
        if self._styles.second is None:
            self._styles.mix_in(self._styles.requested + 1)
        self.mix = share

    def show_original(self, on: bool) -> None:
        self.original = on

    def change_strength(self, by: float) -> None:
        self.set_strength(round(min(max(self.params.strength + by, 0.0), 1.0), 2))

    def set_strength(self, strength: float) -> None:
        self.params = self.params._replace(strength=strength)

    def change_stroke_size(self, by: int) -> None:
        """Make strokes larger by some steps, or smaller if `by` is negative."""
        sizes, current = self._stylizer.stroke_sizes, self._stylizer.stroke_size
        smaller = [size for size in sizes if size < current]
        larger = [size for size in sizes if size > current]
        # Larger strokes come from a smaller processing size.
        steps = smaller[::-1] if by > 0 else larger
        if steps:
            self.set_stroke_size(steps[min(abs(by), len(steps)) - 1])
        else:
            self.report(f"strokes are as {'large' if by > 0 else 'small'} as they can be")

    @property
    def stroke_sizes(self) -> list[int]:
        """The sizes that `set_stroke_size` takes, ascending."""
        return self._stylizer.stroke_sizes

    def set_stroke_size(self, size: int) -> None:
        """Let the network see `size` pixels on the long side."""
        self._stylizer.set_stroke_size(size)

    def take_style(self) -> None:
        if self._input is None:
            return
        if self._capture_at is not None:
            self._capture_at = None
            self.report("no style is taken")
            return
        self._capture_at = self._input.time + COUNTDOWN
        self.report(f"hold a picture in front of the camera: in {COUNTDOWN:.0f} seconds it becomes a style")

    @property
    def countdown(self) -> float | None:
        """Seconds until a style is captured; None if none is."""
        capture_at, frame = self._capture_at, self._input
        return None if capture_at is None or frame is None else max(capture_at - frame.time, 0.0)

    @property
    def frame_size(self) -> tuple[int, int] | None:
        """(height, width) of the last frame in pixels; None before the first one."""
        return None if self._input is None else self._input.image.shape[:2]

    def _capture_style(self, image: Image) -> None:
        # A new image: the camera may reuse its buffer before the style is encoded.
        picture, found = held_picture(image)
        self._captured_styles += 1
        self._styles.request(self._styles.add(f"captured {self._captured_styles}", lambda: picture))
        what = "the picture" if found else "no picture was found, so the middle of the frame"
        self._writer.submit(self._save, picture, f"a new style: {what}, saved as")

    def toggle_fit(self) -> None:
        self._refiner.toggle(self.report)

    @property
    def fitting(self) -> tuple[str, float] | None:
        """The style that is being improved, and the fraction that is done; None: none is."""
        return self._refiner.state

    def toggle_mirror(self) -> None:
        self.mirror(not self.params.mirror)

    def mirror(self, on: bool) -> None:
        self.params = self.params._replace(mirror=on)

    def toggle_colors(self) -> None:
        self.keep_colors(not self.params.keep_colors)

    def keep_colors(self, on: bool) -> None:
        self.params = self.params._replace(keep_colors=on)

    def learn_midi(self) -> None:
        # With a MIDI input, the key does not get this far: the controller takes it.
        self.report("l binds knobs and pads of a MIDI controller: start the program with --midi")

    def look(self) -> dict[str, object]:
        """Return the settings that a preset keeps, by the names of the options."""
        params, first, second = self.params, self._styles.requested, self._styles.second
        kept = len(self._references)
        return {
            **({"style": self._references[first]} if first < kept else {}),
            "strength": params.strength,
            **({"mix": f"{self._references[second]}:{self.mix:g}"} if second is not None and second < kept else {}),
            "keep-colors": params.keep_colors,
            "mirror": params.mirror,
        }

    def save_preset(self) -> None:
        if self._settings is None:
            self.report("presets are kept by the command realtime-nst only")
            return
        look = self.look()
        try:
            name = self._settings.save_preset(look)
        except StylizeError as error:
            self.report(str(error))
            return
        left_out = "" if "style" in look else ", without its style, which was captured (realtime-nst styles add FILE)"
        self.report(f"kept as preset {name}{left_out}: start with --preset {name}")

    def save_snapshot(self) -> None:
        if self._output is not None:
            self._writer.submit(self._save, self._output, "snapshot saved as")

    def _save(self, image: Image, action: str) -> None:
        try:
            path = new_file(platformdirs.user_pictures_path(), ".png")
            self.report(f"{action} {write_image(path, image)}")
        except StylizeError as error:
            self.report(str(error))

    def toggle_recording(self) -> None:
        if self._recorder.recording is not None:
            self._recorder.stop()
            return
        try:
            path = new_file(platformdirs.user_videos_path(), ".mp4")
            self._recorder.start(path)
        except OutputError as error:
            self.report(str(error))
        else:
            self.report(f"recording {path}")

    def toggle_fullscreen(self) -> None:
        self.fullscreen = not self.fullscreen

    def toggle_overlay(self) -> None:
        self.overlay = Overlay((self.overlay.value + 1) % len(Overlay))

    def toggle_help(self) -> None:
        self.help = not self.help

    def escape(self) -> None:
        if self.fullscreen:
            self.fullscreen = False
        else:
            self.quit()

    def quit(self) -> None:
        self._stop.set()

    # The requests of the control page.

    def state(self) -> dict[str, object]:
        """Return the state as values for JSON. May be called from any thread."""
        styles, recording = self._styles, self._recorder.recording
        return {
            "styles": self.style_names(),
            "current": styles.current,
            "requested": styles.requested,
            "original": self.original,
            "strength": self.params.strength,
            "second": styles.second,
            "mix": self.mix,
            "split": self.split,
            "keep_colors": self.params.keep_colors,
            "mirror": self.params.mirror,
            "fitting": self.fitting,
            "stroke_size": self._stylizer.stroke_size,
            "stroke_sizes": self.stroke_sizes,
            "processing_size": self._stylizer.processing_size,
            "recording": None if recording is None else int(recording.seconds),
            "fps": round(self._stylizer.clock.recent_fps(), 1),
            "message": self.waiting or self.message,
        }

    def style_names(self) -> list[str]:
        """Return the names of the styles, in order."""
        return [self._styles.name(index) for index in range(len(self._styles))]

    def style_image(self, index: int) -> Image:
        """Read the image of a style: uint8, BGR.

        Raises:
            IndexError: if there is no such style.
            StyleError: if the image cannot be read.
        """
        return self._styles.read(index)


def _outcome(recording: Recording) -> str:
    """Describe how a recording ended."""
    if recording.failure is not None:
        return str(recording.failure)
    if not recording.frames:
        return f"nothing was recorded: {recording.path} was stopped before the first frame"
    dropped = f", {recording.lost} dropped: the encoder could not keep up" if recording.lost else ""
    return f"recorded {recording.path} ({recording.frames} frames{dropped})"
