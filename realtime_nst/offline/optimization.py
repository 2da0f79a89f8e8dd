"""One picture by optimization, from files to a file: what `realtime-nst optimize` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..media.images import SUFFIXES, read_image, write_image
from ..media.paths import check_writable
from ..nst.optimize import Progress, Target, optimize
from ..nst.plots import load_pyplot
from ..nst.vgg import load_features
from ..styles.library import find_styles


def make_poster(
    photo: Path,
    painting: str,
    features: Path | None,
    *,
    out: Path,
    alpha: float,
    beta: float,
    steps: int,
    size: int,
    init: str,
    content_layer: str,
    layers: Sequence[str],
    seed: int,
    save_every: int | None,
    plot: Path | None,
    say: Callable[[str], None],
) -> None:
    """Write to `out` the picture with the content of `photo` and the style of `painting` (a file or a style's name).

    The other arguments are those of `optimize` and `Target`. Interrupted, it keeps what it has made so far.
    Raises InputError for what cannot be read or written, before the first step.
    """
    check_writable(out, SUFFIXES)
    if plot:  # what is missing is found before the work rather than after it
        check_writable(plot)
        pyplot = load_pyplot()
    content, style = read_image(photo), find_styles([painting])[0].read()
    target = Target(load_features(features, pool="average"), content, style, alpha, beta, content_layer, layers)
    history: list[Progress] = []
    try:
        for state in _shown(optimize(target, size=size, steps=steps, init=init, seed=seed), steps):
            history.append(state._replace(image=None))
            latest = state.image
            if save_every and state.step % save_every == 0:
                _write(out, latest)
    except KeyboardInterrupt:
        if not history:
            raise
        say(f"stopped after {len(history)} of {steps} steps")
    if not history:
        raise InputError(
            f"no step lowers the loss of {photo} as it is: give a larger --beta, or begin elsewhere with --init noise"
        )
    _write(out, latest)
    first, last = history[0], history[-1]
    say(
        f"content loss {first.content:.4g} -> {last.content:.4g}, style loss {first.style:.4g} -> {last.style:.4g}, "
        f"total {first.total:.4g} -> {last.total:.4g} in {len(history)} steps"
    )
    if plot:
        draw_losses(pyplot, history, alpha, beta, plot)


def _write(out: Path, image: np.ndarray) -> None:
    write_image(out, np.rint(image).astype(np.uint8))


def _shown(states: Iterable[Progress], steps: int) -> Iterator[Progress]:
    """The states as they come, with a bar that shows both losses."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("reading", total=steps)
        for state in states:
            height, width = state.size
            what = f"{width}x{height}: content {state.content:.3g}, style {state.style:.3g}"
            bar.update(task, completed=state.step, description=what)
            yield state


def draw_losses(pyplot, history: Sequence[Progress], alpha: float, beta: float, path: Path) -> None:
    """Draw alpha * content loss, beta * style loss and their sum over the steps."""
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    steps = [state.step for state in history]
    axes.semilogy(steps, [state.total for state in history], label="total", color="black")
    axes.semilogy(steps, [alpha * state.content for state in history], label=r"$\alpha$ content")
    axes.semilogy(steps, [beta * state.style for state in history], label=r"$\beta$ style")
    for before, after in zip(history, history[1:]):
        if before.size != after.size:
            axes.axvline(after.step - 0.5, color="grey", linewidth=0.5)
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
