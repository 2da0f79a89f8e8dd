"""The rooms of the package and the imports between them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "realtime_nst"

LAYERS = (  # from the top: a room imports from its own layer and from those below it
    {"cli"},
    {"live", "offline", "evaluation", "bench", "training", "testing", "doctor"},
    {"web", "sinks", "sources", "controllers"},
    {"stylizer", "pipeline"},
    {"networks", "regions", "temporal", "styles", "nst", "settings"},
    {"media", "keys"},
    {"frames", "interfaces", "errors", "extras", "timing", "process", "_arguments", "_closing", "_isolated", "_queue"},
)
APART = {
    ("live", "offline"),
    ("offline", "live"),
    ("sinks", "sources"),
    ("sinks", "web"),
    ("sources", "web"),
    *((room, "training") for layer in LAYERS for room in layer if room != "training"),
}
TERMINAL = {"click", "rich"}
TALKS_TO_TERMINAL = {"cli", "training"}  # training: its scripts run from a checkout, apart from the program
LARGEST_ROOM = 10  # modules, __init__ aside


def imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, also within functions; our own without the package's name."""
    package = path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("realtime_nst.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])]).removeprefix("realtime_nst.")
            yield from [module] if module else [alias.name for alias in node.names]


def violations() -> Iterator[tuple[str, str]]:
    """Yield each forbidden import as (module, imported room or library)."""
    depth = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        room = module.split("/")[0]
        if room in ("__init__", "__main__"):  # the entry points: they name what every room offers
            continue
        for imported in imports(path):
            other = imported.split(".")[0]
            upwards = other in depth and depth[other] < depth[room]
            if upwards or (room, other) in APART or (other in TERMINAL and room not in TALKS_TO_TERMINAL):
                yield module, other


def test_imports_point_one_way():
    assert sorted(set(violations())) == [], "forbidden imports: see LAYERS and APART, and docs/architecture.md"


def test_every_module_and_folder_has_a_layer():
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - {"__init__", "__main__"} == set().union(*LAYERS) & rooms


def test_the_documentation_shows_the_layers():
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("## Arrows")[2].split("```")[1]
    assert [set(row.split()) for row in drawn.splitlines() if row] == list(LAYERS)


def test_no_room_is_crowded():
    """The root and the command line are lists of names, not rooms of one idea, and may hold more."""
    sizes = Counter(path.parent for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
    crowded = {folder.name: size for folder, size in sizes.items() if size > LARGEST_ROOM}
    assert crowded.keys() <= {"realtime_nst", "cli"}, crowded
