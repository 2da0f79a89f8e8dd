"""Fit the style vector of one style, from its picture to a file beside the user's styles: `realtime-nst styles fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import OutputError
from ..evaluation.contact_sheet import contact_sheet
from ..frames import Image, StyleCode
from ..interfaces import Notify
from ..media.images import SUFFIXES, write_image
from ..media.paths import check_not_read, check_writable
from ..nst.features import ensure_features
from ..sources.demo import Scene
from ..styles.library import find_style
from ..stylizer import Stylizer, fitted_styles, load_stylizer

if TYPE_CHECKING:
    from ..nst.fit import FitProgress

CONTENT_TIMES = tuple(range(0, 72, 6))
"""Seconds of the built-in scene whose frames are stylized during a fit."""

SHEET_TIME = 27.0
"""Seconds of the scene at which the sheet shows it, which is none of CONTENT_TIMES."""

FEW_STEPS = 40
"""A fit of fewer steps has hardly left its start."""


class FitResult(NamedTuple):
    """The files that a fit wrote, and its losses."""

    vector: Path
    sheet: Path
    steps: int
    first: FitProgress
    """Losses averaged over the first steps."""
    last: FitProgress
    """Losses averaged over the last steps."""


def fit_style(
    name: str,
    *,
    model: str = "auto",
    minutes: float = 2.0,
    features: Path | None = None,
    sheet: Path | None = None,
    overwrite: bool = False,
    say: Notify = lambda message: None,
    on_step: Callable[[FitProgress], None] = lambda state: None,
) -> FitResult:
    """Fit a style vector to a picture for `minutes`, and keep it for all later runs.

    If interrupted, it keeps the vector so far.

    Args:
        name: a style's name, or an image file.
        model: the model to fit it for.
        minutes: duration of the optimization, without the time to load networks.
        features: VGG weights (npz); None: Keras's VGG-19, downloaded once.
        sheet: the file for the pictures before and after; None: beside the vector.
        overwrite: whether the vector and the sheet may replace existing files.
        say: receives notices, one sentence each.
        on_step: called after every step.

    Raises:
        InputError, OutputError: if something cannot be read or written, found before anything slow starts.
        ModelError: if the model cannot be fitted or there are no feature weights.
    """
    style = find_style(name)
    painting = style.read()
    if sheet is not None:
        check_writable(sheet, SUFFIXES, overwrite=overwrite)
        check_not_read([sheet], [style.path])
    ensure_features(features, say)
    stylizer = load_stylizer(model, "auto", None, say, fitted=False)
    load_render = stylizer.network.differentiable()
    store = fitted_styles(stylizer.network)
    if store.find(style) and not overwrite:
        raise OutputError(f"{style.name} is fitted already ({store.find(style)}); add --overwrite to fit it again")
    if sheet is None:
        sheet = store.path(style).with_suffix(".jpg")
        try:
            sheet.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {sheet.parent}: {error.strerror or error}") from error
        check_writable(sheet)

    say(f"fitting {style.name} for {minutes:g} minutes; Ctrl-C keeps what there is by then")
    from ..nst.fit import FitTarget, fit
    from ..nst.vgg import load_features

    scene = Scene(480, 640)
    contents = [scene.draw(float(time)) for time in CONTENT_TIMES]
    target = FitTarget(load_features(features), painting, contents)
    start = stylizer.encode(painting)
    history: list[FitProgress] = []
    try:
        for state in _steps(fit(load_render(), start, target, seconds=60 * minutes), on_step):
            history.append(state)
    except KeyboardInterrupt:
        if not history:
            raise
        say(f"stopped after {len(history)} steps")
    if len(history) < FEW_STEPS:
        say(f"only {len(history)} steps fitted into the time, which changes little: give more --minutes")
    vector = history[-1].vector
    tiles = _tiles(stylizer, scene.draw(SHEET_TIME), painting, {"before": start, "after": vector})
    write_image(sheet, contact_sheet(tiles, columns=4, side=480))
    return FitResult(store.keep(style, vector), sheet, len(history), _mean(history[:10]), _mean(history[-10:]))


def _steps(states: Iterator[FitProgress], on_step: Callable[[FitProgress], None]) -> Iterator[FitProgress]:
    for state in states:
        on_step(state)
        yield state


def _tiles(stylizer: Stylizer, image: Image, painting: Image, codes: dict[str, StyleCode]) -> list[tuple[str, Image]]:
    tiles = [("original", image), ("style", painting)]
    return [*tiles, *((caption, stylizer.stylize(image, code)) for caption, code in codes.items())]


def _mean(states: list[FitProgress]) -> FitProgress:
    """Return the last of `states` with the means of their losses: a single step sees a few squares only."""
    names = ("total", "content", "style", "strokes", "structure")
    return states[-1]._replace(**{name: float(np.mean([getattr(each, name) for each in states])) for name in names})
