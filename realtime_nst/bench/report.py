"""The figures of all rounds as lines of a table, and what they mean together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import prod
from statistics import median

from ..timing import STAGES
from .contender import Contender


@dataclass(frozen=True)
class Line:
    """What was measured of one contender: medians over the rounds. None: not known for this case."""

    name: str
    case: str
    runtime: str
    device: str
    frame_size: tuple[int, int]
    """(height, width) in pixels."""
    processing_size: tuple[int, int]
    fps: float
    megapixels_s: float
    """10^6 pixels of finished frames a second."""
    cpu_s_per_frame: float
    peak_rss_mb: float
    first_frame_s: float
    """From the start of a fresh process to its first stylized frame."""
    latency_ms: dict[str, float] | None
    """p50, p95 and p99: live, from capture to shown; alone, of one call."""
    stages_ms: dict[str, float] | None
    gflops: float | None
    """10^9 operations a second that the network does."""
    of_limit: float | None
    """That, as a fraction of the machine's matrix product."""
    rounds: list[dict]

    def as_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)


def line_of(contender: Contender, limit_gflops: float) -> Line:
    facts, rounds = contender.facts, contender.rounds
    height, width = facts["frame_size"]
    fps = median(one["fps"] for one in rounds)
    operations = rounds[0].get("operations")
    gflops = operations * fps / 1e9 if operations else None
    return Line(
        name=contender.name,
        case=contender.case,
        runtime=facts["runtime"],
        device=facts["device"],
        frame_size=(height, width),
        processing_size=tuple(facts["processing_size"]),
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


def _medians(rounds: Sequence[dict], key: str) -> dict[str, float] | None:
    if key not in rounds[0]:
        return None
    return {name: round(median(one[key][name] for one in rounds), 2) for name in rounds[0][key]}


def table(lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the main figures. "limit": the part of the matrix product's rate that the network reaches."""
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


def stages_table(lines: Sequence[Line]) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of the median milliseconds of each stage."""
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
    """The comparisons that matter, in words. Each is the median of its rounds' ratios."""
    said = []
    groups = {(line.name, line.device, line.frame_size) for line in lines}
    for name, device, size in sorted(groups):
        of = {line.case: line for line in lines if (line.name, line.device, line.frame_size) == (name, device, size)}
        alone, title = of.get("network"), f"{name} at {_size(size)}"
        if alone and "live" in of:
            share = median(
                one["fps"] / min(other["fps"], camera_fps) for one, other in zip(of["live"].rounds, alone.rounds)
            )
            said.append(f"{title}: live runs at {share:.0%} of the network alone or of the camera's {camera_fps:g} fps")
        if "live" in of and (latency := of["live"].latency_ms):
            frame = 1000 / min(camera_fps, of["live"].fps)
            said.append(f"{title}: live latency p95 is {latency['p95'] / frame:.2f} frame intervals of {frame:.0f} ms")
        for case in ("clip, no encoder", "clip"):
            if alone and case in of:
                said.append(f"{title}: {case} takes {ratio(alone, of[case]):.2f} x the network's time")
        for peer in lines:
            ours = {"video": of.get("clip"), "any style": alone, "naive loop": of.get("live")}.get(peer.case)
            if ours and peer.frame_size == size:
                said.append(f"{title}: {ours.case} is {ratio(ours, peer):.1f} x as fast as {peer.name} ({peer.case})")
            if alone and peer.case in ("any style", "naive loop") and peer.frame_size == size:
                times = ratio(alone, peer) * prod(alone.processing_size) / prod(peer.processing_size)
                said.append(
                    f"{title}: network makes {times:.1f} x the megapixels a second of {peer.name} ({peer.case}), "
                    f"each at its work size"
                )
    return said


def ratio(one: Line, other: Line) -> float:
    """How many times the frames a second of `other` `one` makes: the median of the rounds' ratios."""
    return median(a["fps"] / b["fps"] for a, b in zip(one.rounds, other.rounds))
