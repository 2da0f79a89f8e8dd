"""A live run from its options: opens the source, the stylizer and the sinks, and runs the pipeline."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, OutputError
from ..interfaces import Sink, Source
from ..media.containers import CONTAINERS
from ..media.paths import check_writable
from ..pipeline import Stats, run
from ..sinks.display import check_display
from ..sinks.recorder import Recorder
from ..sinks.virtual_camera import VirtualCamera
from ..sinks.window import Window
from ..sources.factory import Camera, open_source
from ..sources.microphone import Microphone
from ..stylizer import Stylizer, load_stylizer
from ..temporal.filter import deflicker_by_default
from ..web.control import Control
from .adaptive_resolution import AdaptiveStylizer
from .session import Session
from .style_encoder import StyleEncoder

if TYPE_CHECKING:
    from ..styles.library import Style


@dataclass(frozen=True)
class LiveOptions:
    """The options of `realtime-nst live`; each is explained by `realtime-nst live --help`."""

    source: str
    """A camera's index or name, a file, a URL, or "demo"."""
    styles: Sequence[Style]
    model: str = "auto"
    device: str = "auto"
    processing_size: int | None = None
    fps_target: float | None = None
    """Frames a second that the work size adapts to; None: those of the source. A `processing_size` given is kept."""
    size: tuple[int, int] | None = None
    """(width, height) asked of a camera."""
    strength: float = 1.0
    keep_colors: bool = False
    steady: bool | None = None
    """Whether it is kept from flickering; None: where that is `deflicker_by_default`."""
    fade: float = 0.4
    """Seconds from one style to the next."""
    cycle: float | None = None
    """Seconds after which the next style comes by itself."""
    mirror: bool | None = None
    """None: as a user expects it, on for a camera that shows them, unless others see them through `serve` or
    `virtual_camera`."""
    record: Path | None = None
    mic: str | None = None
    """The microphone to record with the pictures: its index, part of its name, or "default"."""
    serve: tuple[str, int] | None = None
    """(host, port) at which browsers and players can see the frames."""
    control: str | None = None
    """The word with which browsers may press the keys there; empty: one that nobody guesses."""
    virtual_camera: str | None = None
    """The virtual camera to send the frames to: its name, or "default"."""
    headless: bool = False
    frames: int | None = None
    seconds: float | None = None
    stats: Path | None = None

    @property
    def shared(self) -> bool:
        """Whether others see the frames as they come."""
        return self.serve is not None or self.virtual_camera is not None


def run_live(options: LiveOptions, say: Callable[[str], None]) -> Stats:
    """Run as `options` say until the source ends, a limit is reached or the user stops it.

    Where nobody watches, files and the demo lose no frame and take the time they need; everything else, and whatever
    a microphone is recorded with, keeps up with the clock. Raises InputError before anything starts, RunError for
    what fails under way.
    """
    _check(options)
    with contextlib.ExitStack() as opened:
        stats = _open_and_run(options, opened, say)
    say(f"{stats.frames} frames in {stats.seconds:.1f} s ({stats.fps:.1f} fps), {stats.dropped} dropped")
    if options.stats:
        options.stats.write_text(json.dumps(stats.as_dict(), indent=2) + "\n", encoding="utf-8")
    return stats


def _open_and_run(options: LiveOptions, opened: contextlib.ExitStack, say: Callable[[str], None]) -> Stats:
    microphone = None
    if options.mic:
        microphone = opened.enter_context(contextlib.closing(Microphone(options.mic)))
    others: list[Sink] = []
    control = None
    if options.control is not None:
        control = Control(options.control or secrets.token_urlsafe(9))
        others.append(control)
    if options.serve:
        from ..web.broadcast import Broadcast

        broadcast = opened.enter_context(contextlib.closing(Broadcast(*options.serve, control)))
        others.append(broadcast)
        say(f"the stylized video is at {broadcast.url}, for OBS and players at {broadcast.url}video.mjpg")
        if control:
            say(f"it is controlled at {broadcast.url.rstrip('/')}{control.path}")
    live = not options.headless or options.shared or microphone is not None
    source = open_source(options.source, options.size, live=live)
    try:
        if options.virtual_camera:
            camera = VirtualCamera(options.virtual_camera, source.size, source.fps)
            others.append(opened.enter_context(contextlib.closing(camera)))
            say(f"sending to the virtual camera {camera.name}")
        stylizer = _load(options, source, say)
        stylizer.warm_up(*source.size)
    except BaseException:
        source.close()
        raise
    return _run(options, source, stylizer, microphone, others, control, say)


def _check(options: LiveOptions) -> None:
    if options.fps_target and options.processing_size:
        raise InputError("--fps-target chooses the work size that --work-size fixes: give one of them")
    if options.headless and not (
        options.record or options.shared or options.frames or options.seconds or options.stats
    ):
        raise InputError("--headless shows nothing: add --record FILE, --serve, --frames N or --seconds S")
    if options.control is not None and not options.serve:
        raise InputError("--control lets browsers press the keys where --serve shows them the video: add --serve")
    if options.mic and options.headless and not options.record:
        raise InputError("--mic records sound beside the pictures: add --record FILE")
    if options.record:
        check_writable(options.record, CONTAINERS)
        if options.record.exists() and Path(options.source).exists() and options.record.samefile(options.source):
            raise OutputError(f"--record {options.record} is the clip that is being read; choose another name")
    if options.stats:
        check_writable(options.stats)
    if not options.headless:
        check_display()


def _load(options: LiveOptions, source: Source, say: Callable[[str], None]) -> Stylizer:
    """A stylizer of a fixed work size where one is asked for or no clock drives the source; else one that adapts."""
    stylizer = load_stylizer(options.model, options.device, options.processing_size, say)
    network = stylizer.network
    if source.live and not options.processing_size:
        stylizer = AdaptiveStylizer(network, options.fps_target or source.fps, _steady(options, source))
    elif options.fps_target:
        say(f"--fps-target changes nothing: without a window {source.name} is given every frame and the time it needs")
    for notice in network.notices:
        say(notice)
    say(f"model {network.name}, {network.runtime}, on {network.device}")
    return stylizer


def _steady(options: LiveOptions, source: Source) -> bool:
    if options.steady is not None:
        return options.steady
    return not source.live or deflicker_by_default(source.fps)


def _run(
    options: LiveOptions,
    source: Source,
    stylizer: Stylizer,
    microphone: Microphone | None,
    others: Sequence[Sink],
    control: Control | None,
    say: Callable[[str], None],
) -> Stats:
    stop = threading.Event()
    camera = source if isinstance(source, Camera) else None
    if options.size and camera is None:
        say(f"--size is asked of cameras; {source.name} keeps its {source.size[1]}x{source.size[0]}")
    book = StyleEncoder(
        stylizer,
        [(style.name, style.read) for style in options.styles],
        prefetch=not options.headless or control is not None or options.cycle is not None,
    )
    recorder = Recorder(
        source.fps, live=source.live, must_succeed=options.headless and not options.shared, microphone=microphone
    )
    faces_user = camera is not None and camera.faces_user
    session = Session(
        stylizer,
        book,
        recorder,
        strength=options.strength,
        keep_colors=options.keep_colors,
        fade=options.fade,
        cycle=options.cycle,
        mirror=options.mirror if options.mirror is not None else faces_user and not options.shared,
        wait_for_style=options.headless or options.shared or options.record is not None,
        say=say,
        stop=stop,
    )
    if control:
        control.session = session
    sinks: list[Sink] = [recorder, session, *others]
    try:
        if not options.headless:
            session.window = Window("realtime-nst", source.size, session, session.draw)
            sinks.append(session.window)
        if options.record:
            recorder.start(options.record)
            beside = f" with the microphone {microphone.name}" if microphone else ""
            say(f"recording {options.record}{beside}" + ("; Ctrl-C ends it" if options.headless else ""))
        with stopped_by_signals(stop):
            return run(
                microphone.follow(source) if microphone else source,
                stylizer,
                sinks,
                session.look,
                live=source.live,
                deflicker=_steady(options, source),
                frames=options.frames,
                seconds=options.seconds,
                timeout=camera.timeout if camera else None,
                stop=stop,
            )
    finally:
        book.close()
        stylizer.close()


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal set `stop`, so that files get finished; twice ends now."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}

    def ask(number: int, _frame) -> None:
        stop.set()
        signal.signal(number, before[number])

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            number = getattr(signal, name)
            before[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
