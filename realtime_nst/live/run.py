"""One live run: opens what its options ask for, and runs the pipeline."""

from __future__ import annotations

import contextlib
import json
import threading

from ..errors import RunError
from ..frames import RenderParams
from ..interfaces import Notify, Source
from ..keys import KEYS, Keyboard
from ..networks.registry import open_network
from ..nst.features import ensure_features
from ..pipeline import Stats, run
from ..process import stopped_by_signals
from ..sinks.recorder import Recorder
from ..styles.library import reference
from ..stylizer import fitted_styles
from ..temporal.filter import deflicker_by_default
from .adaptive_stylizer import AdaptiveStylizer
from .devices import Devices, open_devices
from .fitting.refiner import Refiner
from .hud import Hud
from .options import LiveOptions, check_options
from .session import Session
from .sinks import AFTER_MODEL, BEFORE_MODEL, Parts, open_sinks
from .style_encoder import Choice, StyleEncoder

__all__ = ["LiveOptions", "run_live"]


def run_live(options: LiveOptions, notify: Notify) -> Stats:
    """Run with `options` until the source ends, a limit is reached or the user stops it.

    A run that nobody watches reads files and the demo without dropping a frame, however long that takes. All other
    runs, and those that record a microphone, run in real time.

    Args:
        options: what to read, how to stylize it and where to send it.
        notify: tells the user one sentence.

    Raises:
        InputError: if something cannot be opened, before the run starts.
        RunError: if something fails during the run, or a recording failed although the run went on.
    """
    check_options(options)
    if options.fit or options.features:
        ensure_features(options.features, notify)
    with contextlib.ExitStack() as opened:
        stats, recorder = _open_and_run(options, opened, notify)
    notify(f"{stats.frames} frames in {stats.seconds:.1f} s ({stats.fps:.1f} fps), {stats.dropped} dropped")
    if options.stats:
        try:
            options.stats.write_text(json.dumps(stats.as_dict(), indent=2) + "\n", encoding="utf-8")
        except OSError as reason:
            raise RunError(f"cannot write --stats {options.stats}: {reason.strerror or reason}") from reason
    if recorder.failed:
        names = ", ".join(str(path) for path in recorder.failed)
        raise RunError(f"the run went on, but not all was recorded: {names} (the reason is above)")
    return stats


def _open_and_run(options: LiveOptions, opened: contextlib.ExitStack, notify: Notify) -> tuple[Stats, Recorder]:
    stop = threading.Event()
    # The pipeline closes the source and the sinks itself; if the run never reaches it, this stack does.
    with contextlib.ExitStack() as until_run:
        devices = open_devices(options, opened, until_run, notify)
        source, camera, microphone = devices.source, devices.camera, devices.microphone
        early_sinks = open_sinks(BEFORE_MODEL, devices, options, until_run, notify)
        stylizer = opened.enter_context(contextlib.closing(_load(options, source, notify)))
        stylizer.warm_up(*source.size)
        if stylizer.processing_size < stylizer.stroke_size:
            notify(
                f"strokes are larger than asked for: at {stylizer.stroke_size} px this machine does not hold the frame "
                f"rate, at {stylizer.processing_size} px it may; fix the size with --stroke-size, or lower --fps-target"
            )
        styles = opened.enter_context(contextlib.closing(_encode_styles(options, stylizer)))
        recorder = Recorder(
            source.fps, live=source.live, must_succeed=options.headless and not options.shared, microphone=microphone
        )
        session = _start_session(options, devices, styles, recorder, stylizer, notify, stop)
        if options.fit:
            stylizer.network.differentiable()  # If it cannot, the run does not begin.
            session.toggle_fit()
        keyboard = Keyboard(session, options.settings.key_table() if options.settings else KEYS)
        titles = {style.name: style.title for style in options.styles}
        hud = Hud(session, styles, recorder, stylizer, keyboard.keys, titles)
        sinks = open_sinks(AFTER_MODEL, Parts(devices, recorder, session, keyboard, hud), options, until_run, notify)
        if options.record:
            recorder.start(options.record)
            sound = f" with the microphone {microphone.name}" if microphone else ""
            notify(f"recording {options.record}{sound}" + ("; Ctrl-C stops it" if options.headless else ""))
        until_run.pop_all()
    with stopped_by_signals(stop):
        stats = run(
            microphone.follow(source) if microphone else source,
            stylizer,
            [*early_sinks, *sinks],
            session.render_params,
            live=source.live,
            deflicker=_deflicker(options, source),
            frames=options.frames,
            seconds=options.seconds,
            timeout=camera.timeout if camera else None,
            stop=stop,
        )
    if options.settings and options.remember:
        options.settings.save_last(session.look())
    return stats, recorder


def _load(options: LiveOptions, source: Source, notify: Notify) -> AdaptiveStylizer:
    """Load a stylizer that sustains a frame rate if the source is live, and one was asked for or no stroke size."""
    network = open_network(options.model, options.device, notify)
    fps = options.fps_target or (None if options.processing_size else source.fps)
    stylizer = AdaptiveStylizer(
        network,
        fps if source.live else None,
        _deflicker(options, source),
        options.processing_size,
        fitted_styles(network, notify) if options.fitted else None,
    )
    if options.fps_target and not source.live:
        notify(
            f"--fps-target has no effect: without a window, every frame of {source.name} is stylized, "
            "however long that takes"
        )
    for notice in network.notices:
        notify(notice)
    notify(f"model {network.name}, {network.runtime}, on {network.device}")
    return stylizer


def _deflicker(options: LiveOptions, source: Source) -> bool:
    if options.deflicker is not None:
        return options.deflicker
    return not source.live or deflicker_by_default(source.fps)


def _encode_styles(options: LiveOptions, stylizer: AdaptiveStylizer) -> StyleEncoder:
    styles = StyleEncoder(
        stylizer,
        [Choice(style.name, style.read, style) for style in options.styles],
        first=options.styles.index(options.first) if options.first else 0,
        prefetch=not options.headless or options.control is not None or options.cycle is not None,
    )
    if options.mix:
        styles.mix_in(options.styles.index(options.mix[0]))
    return styles


def _start_session(
    options: LiveOptions,
    devices: Devices,
    styles: StyleEncoder,
    recorder: Recorder,
    stylizer: AdaptiveStylizer,
    notify: Notify,
    stop: threading.Event,
) -> Session:
    faces_user = devices.camera is not None and devices.camera.faces_user
    mirror = options.mirror if options.mirror is not None else faces_user and not options.shared
    return Session(
        styles,
        Refiner(stylizer.network, styles, fitted_styles(stylizer.network), options.features),
        recorder,
        stylizer,
        RenderParams(None, options.strength, mirror, options.keep_colors),
        fade=options.fade,
        cycle=options.cycle,
        settings=options.settings,
        references=[reference(style) for style in options.styles],
        mix=options.mix[1] if options.mix else 0.0,
        wait_for_style=options.headless or options.shared or options.record is not None,
        notify=notify,
        stop=stop,
        camera=devices.camera,
    )
