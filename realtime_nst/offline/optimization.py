"""One image by optimization, from files to a file: the work of `realtime-nst optimize`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, OutputError
from ..interfaces import Notify
from ..media.images import SUFFIXES, read_image, write_image
from ..media.paths import check_not_read, check_writable
from ..styles.library import find_style
from .image import PHOTO
from .plan import plan_outputs

if TYPE_CHECKING:
    from ..nst.optimize import Progress


def optimize_photo(
    photo: Path,
    painting: str,
    features: Path | None,
    *,
    output: Path,
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
    overwrite: bool,
    say: Notify,
    on_step: Callable[[Progress], None] = lambda state: None,
) -> None:
    """Write to `output` an image with the content of `photo` and the style of `painting` (a file or a style's name).

    Args:
        save_every: also write the current image after every so many steps.
        plot: a file for the loss curves.
        overwrite: whether `output` and `plot` may exist.
        say: receives notices, one sentence each.
        on_step: called after every step.
        others: see `optimize` and `Target`.

    If interrupted, it writes the current image.

    Raises:
        InputError: if a file cannot be read or written, found before the first step.
    """
    check_writable(output, SUFFIXES)
    style = find_style(painting)
    plan_outputs(PHOTO, [photo], [(style.name, style)], output, also_read=[style.path], may_exist=overwrite)
    if plot:
        check_writable(plot, overwrite=overwrite)
        check_not_read([plot], [photo, style.path])
        if plot.resolve() == output.resolve():
            raise OutputError(f"{plot} cannot be both the picture and the plot; choose another name for the plot")
    content = read_image(photo)

    # Keras takes seconds to load, so we check the files first, and say how to go on without a connection.
    say("loading the feature network")
    if features is None and not keras_weights().is_file():
        say(
            "the weights of VGG-19 are not on this machine: Keras downloads 80 MB, once; without a connection, stop "
            "(Ctrl-C) and give a file of VGG weights with --features FILE.npz"
        )
    from ..nst.optimize import Target, optimize
    from ..nst.plots import load_pyplot
    from ..nst.vgg import load_features

    pyplot = load_pyplot() if plot else None
    target = Target(load_features(features, pool="average"), content, style.read(), alpha, beta, content_layer, layers)
    history: list[Progress] = []
    try:
        for state in optimize(target, size=size, steps=steps, init=init, seed=seed):
            on_step(state)
            history.append(state._replace(image=None))
            latest = state.image
            if save_every and state.step % save_every == 0:
                _write(output, latest)
    except KeyboardInterrupt:
        if not history:
            raise
        say(f"stopped after {len(history)} of {steps} steps")
    if not history:
        raise InputError(
            f"no step lowers the loss of {photo} as it is: give a larger --beta, or begin elsewhere with --init noise"
        )
    _write(output, latest)
    first, last = history[0], history[-1]
    say(
        f"content loss {first.content:.4g} -> {last.content:.4g}, style loss {first.style:.4g} -> {last.style:.4g}, "
        f"total {first.total:.4g} -> {last.total:.4g} in {len(history)} steps"
    )
    if plot:
        draw_losses(pyplot, history, alpha, beta, plot)


def keras_weights() -> Path:
    """Return the file in which Keras keeps the weights of VGG-19 once they are downloaded."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return home / "models" / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"


def _write(output: Path, image: np.ndarray) -> None:
    write_image(output, np.rint(image).astype(np.uint8))


def draw_losses(pyplot: Any, history: Sequence[Progress], alpha: float, beta: float, path: Path) -> None:
    """Draw alpha * content loss, beta * style loss and their sum over the steps."""
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    steps = [state.step for state in history]
    axes.semilogy(steps, [state.total for state in history], label="total", color="black")
    axes.semilogy(steps, [alpha * state.content for state in history], label=r"$\alpha$ content")
    axes.semilogy(steps, [beta * state.style for state in history], label=r"$\beta$ style")
    for previous, current in pairwise(history):
        if previous.size != current.size:
            axes.axvline(current.step - 0.5, color="grey", linewidth=0.5)
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
