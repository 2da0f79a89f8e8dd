"""The figures of all rounds as rows of a table, and the comparisons between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from statistics import median
from typing import Any, Protocol, TypeAlias

from ..timing import STAGES
from .contender import Answer

Table: TypeAlias = tuple[list[str], list[list[str]]]
"""Column heads and rows."""


class Measured(Protocol):
    """A contender's measurements; `Contender` has them."""

    name: str
    case: str
    facts: Answer
    rounds: list[Answer]


@dataclass(frozen=True)
class Line:
    """The figures of one contender, medians over its rounds. None: not known for this case."""

    name: str
    case: str
    runtime: str
    device: str
    frame_size: tuple[int, int]
    """(height, width) in pixels."""
    processing_size: tuple[int, int]
    """(height, width) in pixels."""
    fps: float
    megapixels_s: float
    """10^6 pixels of finished frames per second."""
    cpu_s_per_frame: float
    peak_rss_mb: float
    """The maximum over the rounds, in 2^20 bytes."""
    first_frame_s: float
    """Seconds from the start of a fresh process to its first stylized frame."""
    latency_ms: dict[str, float] | None
    """p50, p95 and p99. Live case: from capture to display; network case: of one call."""
    stages_ms: dict[str, float] | None
    gflops: float | None
    """10^9 operations per second of the network."""
    of_limit: float | None
    """`gflops` as a fraction of the machine's matrix product."""
    rounds: list[Answer]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def line_of(contender: Measured, limit_gflops: float) -> Line:
    """Summarize the rounds of a contender.

    Args:
        contender: its facts and rounds.
        limit_gflops: 10^9 operations per second of the machine's matrix product.
    """
    facts, rounds = contender.facts, contender.rounds
    height, width = facts["frame_size"]
    processing_height, processing_width = facts["processing_size"]
    fps = median(one["fps"] for one in rounds)
    operations = rounds[0].get("operations")
    gflops = operations * fps / 1e9 if operations else None
    return Line(
        name=contender.name,
        case=contender.case,
        runtime=facts["runtime"],
        device=facts["device"],
        frame_size=(height, width),
        processing_size=(processing_height, processing_width),
        fps=round(fps, 2),
        megapixels_s=round(fps * height * width / 1e6, 3),
        cpu_s_per_frame=round(median(one["cpu_s_per_frame"] for one in rounds), 5),
        peak_rss_mb=max(one["peak_rss_mb"] for one in rounds),
        first_frame_s=facts["first_frame_s"],
        latency_ms=_medians(rounds, "latency_ms"),
        stages_ms=_medians(rounds, "stages_ms"),
        gflops=gflops and round(gflops, 1),
        of_limit=gflops and round(gflops / limit_gflops, 3),
        rounds=rounds,
    )


def _medians(rounds: Sequence[Answer], key: str) -> dict[str, float] | None:
    if key not in rounds[0]:
        return None
    return {name: round(median(one[key][name] for one in rounds), 2) for name in rounds[0][key]}


def table(lines: Sequence[Line]) -> Table:
    """Return the main figures. "limit" is the fraction of the matrix product's rate that the network reaches."""
    head = ["what", "case", "frame", "work", "fps", "MP/s", "p50", "p95", "p99 ms", "CPU ms", "MB", "first s", "limit"]
    return head, [
        [
            line.name,
            line.case,
            _size(line.frame_size),
            _size(line.processing_size),
            f"{line.fps:.1f}",
            f"{line.megapixels_s:.1f}",
            *(_ms((line.latency_ms or {}).get(p)) for p in ("p50", "p95", "p99")),
            _ms(1000 * line.cpu_s_per_frame),
            f"{line.peak_rss_mb:.0f}",
            f"{line.first_frame_s:.2f}",
            f"{line.of_limit:.0%}" if line.of_limit else "",
        ]
        for line in lines
    ]


def stages_table(lines: Sequence[Line]) -> Table:
    """Return the median milliseconds of each stage."""
    return ["what", "case", "frame", *(f"{stage} ms" for stage in STAGES)], [
        [line.name, line.case, _size(line.frame_size), *(_ms(line.stages_ms[stage]) for stage in STAGES)]
        for line in lines
        if line.stages_ms
    ]


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"


def _ms(number: float | None) -> str:
    return "" if number is None else f"{number:.0f}" if number >= 20 else f"{number:.1f}"


def findings(lines: Sequence[Line], camera_fps: float) -> list[str]:
    """Return the comparisons that matter, one sentence each.

    Each is the median of the ratios within a round, so that a machine that is slower in one round changes nothing.
    """
    sentences = []
    groups = {(line.name, line.device, line.frame_size) for line in lines}
    for name, device, size in sorted(groups):
        of = {line.case: line for line in lines if (line.name, line.device, line.frame_size) == (name, device, size)}
        alone, live, title = of.get("network"), of.get("live"), f"{name} at {_size(size)}"
        if alone and live:
            share = median(one["fps"] / min(other["fps"], camera_fps) for one, other in zip(live.rounds, alone.rounds))
            sentences.append(
                f"{title}: live runs at {share:.0%} of the network alone or of the camera's {camera_fps:g} fps"
            )
        if live and live.latency_ms:
            interval = 1000 / min(camera_fps, live.fps)
            sentences.append(
                f"{title}: live latency p95 is {live.latency_ms['p95'] / interval:.2f} frame intervals of "
                f"{interval:.0f} ms"
            )
        for case in ("clip, no encoder", "clip"):
            if alone and case in of:
                sentences.append(f"{title}: {case} takes {ratio(alone, of[case]):.2f} x the network's time")
        for peer in (line for line in lines if line.frame_size == size):
            ours = {"video": of.get("clip"), "any style": alone, "naive loop": live}.get(peer.case)
            if ours:
                sentences.append(
                    f"{title}: {ours.case} is {ratio(ours, peer):.1f} x as fast as {peer.name} ({peer.case})"
                )
            if alone and peer.case in ("any style", "naive loop"):
                times = ratio(alone, peer) * prod(alone.processing_size) / prod(peer.processing_size)
                sentences.append(
                    f"{title}: network makes {times:.1f} x the megapixels a second of {peer.name} ({peer.case}), "
                    f"each at its processing size"
                )
    return sentences


def ratio(one: Line, other: Line) -> float:
    """Return how many times the frames per second of `other` `one` reaches: the median of the rounds' ratios."""
    return median(a["fps"] / b["fps"] for a, b in zip(one.rounds, other.rounds))
