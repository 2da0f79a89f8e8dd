"""Open a live run's devices before its model is loaded, so that a missing device or a used port is reported at once."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass

from ..controllers.controller import Controller
from ..controllers.midi import Midi
from ..controllers.osc import Osc
from ..interfaces import Notify, Source
from ..sources.factory import ReconnectingSource, open_source, pipe_name
from ..sources.microphone import Microphone
from ..web.broadcast import Listener
from .options import LiveOptions


@dataclass(frozen=True)
class Devices:
    """The inputs of a live run, and its listening port. None: not requested."""

    source: Source
    microphone: Microphone | None
    listener: Listener | None
    control_token: str | None
    controllers: tuple[Controller, ...] = ()

    @property
    def camera(self) -> ReconnectingSource | None:
        """The source, if it is a camera or a network stream."""
        return self.source if isinstance(self.source, ReconnectingSource) else None


def open_devices(
    options: LiveOptions, opened: contextlib.ExitStack, until_run: contextlib.ExitStack, notify: Notify
) -> Devices:
    """Open the devices that `options` ask for.

    Args:
        options: the options of the run.
        opened: closes the devices that are needed until the run has ended.
        until_run: closes the source, until the pipeline takes it over.
        notify: receives the addresses.

    Raises:
        InputError: if a device cannot be opened.
    """
    microphone = listener = control_token = None
    if options.mic:
        microphone = opened.enter_context(contextlib.closing(Microphone(options.mic)))
    if options.serve:
        listener = opened.enter_context(contextlib.closing(Listener(*options.serve)))
        notify(f"watch the stylized video at {listener.url}; address for OBS and players: {listener.url}video.mjpg")
        if options.control is not None:
            control_token = options.control or secrets.token_urlsafe(9)
            notify(f"control it at {listener.url}control/{control_token}/")
    controllers = _open_controllers(options, opened, notify)
    # A viewer or a microphone sets the pace; without them, files and the demo take the time they need.
    live = not options.headless or options.shared or microphone is not None
    if name := pipe_name(options.source):
        notify(f"reading {name}: waiting for the program that writes to it")
    source = until_run.enter_context(
        contextlib.closing(
            open_source(options.source, options.size, live=live, reconnect=options.reconnect, loop=options.loop)
        )
    )
    if options.size and not (isinstance(source, ReconnectingSource) and source.faces_user):
        notify(f"--size applies to cameras only; {source.name} keeps its {source.size[1]}x{source.size[0]}")
    return Devices(source, microphone, listener, control_token, controllers)


def _open_controllers(options: LiveOptions, opened: contextlib.ExitStack, notify: Notify) -> tuple[Controller, ...]:
    controllers: list[Controller] = []
    if options.osc:
        osc = opened.enter_context(Osc(*options.osc))
        notify(f"OSC: send to {osc.host}, port {osc.port}, for instance /strength 0.5")
        controllers.append(osc)
    if options.midi:
        assert options.settings is not None
        midi = opened.enter_context(Midi(options.midi, options.settings.midi(), options.settings.save_midi))
        notify(f"MIDI: {midi.port}; l binds its knobs and pads to keys")
        controllers.append(midi)
    return tuple(controllers)
