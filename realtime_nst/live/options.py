"""The options of a live run, and the checks made before anything is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, OutputError
from ..media.containers import CONTAINERS
from ..media.paths import check_overwrite, check_writable
from ..sinks.display import check_display

if TYPE_CHECKING:
    from ..settings.file import Settings
    from ..styles.library import Style


@dataclass(frozen=True)
class LiveOptions:
    """The options of `realtime-nst live`; `realtime-nst live --help` explains each."""

    source: str
    """A camera's index or name, a file, a URL, or "demo"."""
    styles: Sequence[Style]
    model: str = "auto"
    device: str = "auto"
    processing_size: int | None = None
    """Long side, in pixels, of the image that the network sees, which is the stroke size. None: the network's default,
    and for a live source less if the frame rate needs it."""
    fitted: bool = True
    """Use the style vectors that were fitted, where there are some."""
    fps_target: float | None = None
    """Frames per second that a live source sustains, if need be at a smaller processing size. None: the frame rate of
    the source; without limit if `processing_size` is given."""
    fit: bool = False
    """Improve the first style in the background from the start."""
    features: Path | None = None
    """VGG weights (npz) with which styles are fitted. None: Keras's VGG-19, downloaded once."""
    size: tuple[int, int] | None = None
    """(width, height) requested from a camera."""
    strength: float = 1.0
    keep_colors: bool = False
    deflicker: bool | None = None
    """Whether to suppress flicker. None: `deflicker_by_default` decides by the frame rate."""
    mix: tuple[Style, float] | None = None
    """The second style, one of `styles`, and its share, 0 to 1."""
    record_split: bool = False
    """Let recordings show the split line too."""
    fade: float = 0.4
    """Seconds from one style to the next."""
    cycle: float | None = None
    """Seconds after which the next style is shown automatically. None: never."""
    mirror: bool | None = None
    """None: mirror a camera that faces the user, unless others see the video through `serve` or `virtual_camera`."""
    record: Path | None = None
    """Video file to record from the start."""
    mic: str | None = None
    """Microphone to record with the video: its index, part of its name, or "default"."""
    serve: tuple[str, int] | None = None
    """(host, port) at which browsers and players can watch."""
    control: str | None = None
    """Control token, which lets browsers press the keys. Empty: generate a random one."""
    osc: tuple[str, int] | None = None
    """(host, port) at which OSC messages arrive."""
    midi: str | None = None
    """MIDI input whose knobs and pads press the keys: part of its name, or "default". It needs `settings`."""
    settings: Settings | None = None
    """The user's settings: key and MIDI bindings, and where presets are kept. None: none of them."""
    first: Style | None = None
    """The one of `styles` to begin with. None: the first."""
    remember: bool = False
    """Keep the last settings in `settings` when the run ends."""
    virtual_camera: str | None = None
    """Virtual camera that receives the frames: its name, or "default"."""
    headless: bool = False
    """Open no window."""
    reconnect: float = 60.0
    """Seconds to wait for a camera or a stream that goes away. 0: the run ends at once."""
    loop: bool = False
    """Play a file again and again."""
    frames: int | None = None
    """Number of frames after which the run ends."""
    seconds: float | None = None
    """Seconds of the stream after which the run ends."""
    stats: Path | None = None
    """JSON file for the run's statistics."""
    overwrite: bool = False
    """Let `record` and `stats` replace existing files."""

    @property
    def shared(self) -> bool:
        """Whether other people or programs see the frames as they come."""
        return self.serve is not None or self.virtual_camera is not None


def check_options(options: LiveOptions) -> None:
    """Check the options before anything is opened or written.

    Raises:
        InputError: if options contradict each other or a needed one is missing.
        OutputError: if a file cannot be written, or exists and may not be replaced.
        DeviceError: if no window can be opened.
    """
    if options.headless and not (
        options.record or options.shared or options.frames or options.seconds or options.stats
    ):
        raise InputError("--headless opens no window: add --record FILE, --serve, --frames N or --seconds S")
    if options.control is not None and not options.serve:
        raise InputError("--control puts the keys on a web page, which needs a port: add --serve")
    if options.mic and options.headless and not options.record:
        raise InputError("--mic records sound with the video: add --record FILE")
    if options.record:
        check_writable(options.record, CONTAINERS)
        if options.record.exists() and Path(options.source).exists() and options.record.samefile(options.source):
            raise OutputError(f"--record {options.record} is the clip that is being read; choose another name")
        check_overwrite(options.record, options.overwrite)
    if options.stats:
        check_writable(options.stats, overwrite=options.overwrite)
    if not options.headless:
        check_display()
