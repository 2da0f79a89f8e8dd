"""The command line: the group of commands, and how errors are reported to the user."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import InputError, StylizeError
from ..process import keep_freed_memory, let_opencv_sleep, quiet_runtimes
from .clip import clip
from .console import say
from .doctor import doctor
from .image import image
from .live import demo, live
from .measure import bench, evaluate
from .models import cameras, models
from .optimize import optimize
from .presets import presets
from .styles import styles

EXAMPLES = """
\b
Examples:
  realtime-nst                                  your camera, in any of the styles
  realtime-nst demo                             no camera needed
  realtime-nst live --style night --record a.mp4
  realtime-nst live --camera clip.mp4 --style my_painting.jpg
  realtime-nst image photo.jpg --style night -o out.jpg
  realtime-nst clip holiday.mp4 --style pond -o pond.mp4
"""


class DefaultLive(click.Group):
    """A group that gives options without a command to `live`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["live", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultLive, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="realtime-nst")
def cli() -> None:
    """Stylize live video in real time, in the style of any picture.

    Without a command, `live` runs. `realtime-nst COMMAND --help` shows a command's options.
    """
    try:
        Path.home()
    except RuntimeError as error:
        raise InputError(
            "this user has no home folder, where styles and compiled networks are kept; set HOME to a folder: "
            "HOME=FOLDER realtime-nst ..."
        ) from error


for _command in (live, demo, image, clip, styles, presets, models, cameras, optimize, evaluate, bench, doctor):
    cli.add_command(_command)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 if done, 1 if the run failed, 2 for bad input."""
    try:
        quiet_runtimes()
        let_opencv_sleep()
        keep_freed_memory()
        warnings.filterwarnings("ignore", module="PIL")  # about damaged metadata, which is left out
        cli(args=args, prog_name="realtime-nst")
    except StylizeError as error:
        say(f"realtime-nst: {error}")
        sys.exit(error.exit_code)
    except PermissionError as error:  # a folder on the way to a file that may not be entered
        if not error.filename:
            raise
        say(f"realtime-nst: cannot reach {error.filename}: {error.strerror}; check the permissions of its folders")
        sys.exit(InputError.exit_code)
    except ImportError as error:
        if ".so" not in str(error):
            raise
        say(
            f"realtime-nst: a system library is missing ({error}). On Debian and Ubuntu: "
            "sudo apt-get install libgl1 libglib2.0-0 libsm6 libxext6"
        )
        sys.exit(InputError.exit_code)
