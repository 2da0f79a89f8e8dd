"""The sinks of a live run in one table: when each is opened, and how."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .._closing import Closing
from ..controllers.controller import Controller
from ..frames import Frame
from ..interfaces import Notify, Sink
from ..keys import Keyboard
from ..sinks.recorder import Recorder
from ..sinks.split_view import SplitView
from ..sinks.virtual_camera import VirtualCamera
from ..sinks.window import Window
from ..web.broadcast import Broadcast
from ..web.control import Control
from .devices import Devices
from .hud import Hud
from .options import LiveOptions
from .session import Session

P = TypeVar("P")


@dataclass(frozen=True)
class Parts:
    """The parts that sinks are built from once the model is loaded."""

    devices: Devices
    recorder: Recorder
    session: Session
    keyboard: Keyboard
    hud: Hud


@dataclass(frozen=True)
class SinkEntry(Generic[P]):
    """A row of the table."""

    requested: Callable[[LiveOptions], bool]
    make: Callable[[P, LiveOptions, Notify], Sink]


def _virtual_camera(devices: Devices, options: LiveOptions, notify: Notify) -> Sink:
    assert options.virtual_camera is not None
    camera = VirtualCamera(options.virtual_camera, devices.source.size, devices.source.fps)
    notify(f"sending to the virtual camera {camera.device}")
    return camera


def _broadcast(parts: Parts, options: LiveOptions, notify: Notify) -> Sink:
    listener, token = parts.devices.listener, parts.devices.control_token
    assert listener is not None
    broadcast = Broadcast(listener, None if token is None else Control(token, parts.session, parts.keyboard))
    return SplitView(broadcast, lambda: parts.session.split)


def _window(parts: Parts, options: LiveOptions, notify: Notify) -> Sink:
    session = parts.session
    size = parts.devices.source.size
    window = Window("realtime-nst", size, parts.keyboard, parts.hud.draw, lambda: session.fullscreen)
    return SplitView(window, lambda: session.split)


def _recorder(parts: Parts, options: LiveOptions, notify: Notify) -> Sink:
    return SplitView(parts.recorder, lambda: parts.session.split) if options.record_split else parts.recorder


class _Controllers(Closing):
    """The controllers as one sink. Whoever opened them closes them."""

    def __init__(self, controllers: Sequence[Controller]) -> None:
        self._controllers = controllers

    def write(self, frame: Frame) -> None:
        pass

    def poll(self) -> None:
        for controller in self._controllers:
            controller.poll()


def _controllers(parts: Parts, options: LiveOptions, notify: Notify) -> Sink:
    for controller in parts.devices.controllers:
        controller.connect(parts.keyboard, parts.session.report)
    return _Controllers(parts.devices.controllers)


BEFORE_MODEL: tuple[SinkEntry[Devices], ...] = (
    # Its driver may be missing, which we find out before the model is loaded.
    SinkEntry(lambda options: options.virtual_camera is not None, _virtual_camera),
)
AFTER_MODEL: tuple[SinkEntry[Parts], ...] = (
    SinkEntry(lambda options: True, _recorder),
    # After the recorder, whose end it reports.
    SinkEntry(lambda options: True, lambda parts, *_: parts.session),
    SinkEntry(lambda options: options.osc is not None or options.midi is not None, _controllers),
    SinkEntry(lambda options: options.serve is not None, _broadcast),
    SinkEntry(lambda options: not options.headless, _window),
)


def open_sinks(
    table: Sequence[SinkEntry[P]], parts: P, options: LiveOptions, until_run: contextlib.ExitStack, notify: Notify
) -> list[Sink]:
    """Open the sinks of `table` that `options` ask for, in the order of the table.

    Args:
        table: BEFORE_MODEL or AFTER_MODEL.
        parts: the parts that they are built from.
        options: the options of the run.
        until_run: closes them, until the pipeline takes them over.
        notify: tells the user one sentence.

    Raises:
        InputError: if one cannot be opened.
    """
    return [
        until_run.enter_context(contextlib.closing(entry.make(parts, options, notify)))
        for entry in table
        if entry.requested(options)
    ]
