"""The README and the pages in docs/: their Python runs, their commands exist, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from realtime_nst.cli.app import cli
from realtime_nst.keys import markdown_table
from realtime_nst.media.images import read_image, write_image
from realtime_nst.sinks.recorder import Recorder
from realtime_nst.sources.demo import DemoSource

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in sorted([README, ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
}
BLOCK = re.compile(r"(<!-- not run.*?-->\n)?^( *)```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PROGRAMS = {
    name: "\n".join(code for skip, _, language, code in BLOCK.findall(text) if language == "python" and not skip)
    for name, text in PAGES.items()
}


def shell_commands(text: str) -> list[list[str]]:
    """Return the arguments of each use of the program, in shell lines and inline code; commands alone are names."""
    blocks = [code for _, _, language, code in BLOCK.findall(text) if language in ("sh", "bat", "powershell")]
    lines = [line for code in blocks for line in code.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`(realtime-nst [^`]* [^`]*)`", BLOCK.sub("", text))
    found = []
    for line in lines:
        match = re.search(r"(?:^|[ /\\])realtime-nst(?= |$)([^;&|]*)", line)
        if match and not re.search(r"git clone|^ *cd |pipx?\b", line) and "COMMAND" not in line:
            found.append(shlex.split(match[1], comments=True))
    return found


def all_commands(group: click.Group) -> list[click.Command]:
    nested = [all_commands(command) for command in group.commands.values() if isinstance(command, click.Group)]
    return [*group.commands.values(), *(command for commands in nested for command in commands)]


@pytest.fixture
def stand_ins(tmp_path, monkeypatch) -> Path:
    """Change to a folder with the files that the pages mention: pictures, a clip and empty folders."""
    scene = DemoSource((96, 128), 30.0)
    recorder = Recorder(30.0, live=False, must_succeed=True)
    recorder.start(tmp_path / "clip.mp4")
    for _ in range(3):
        frame = scene.read()
        recorder.write(frame)
    recorder.close()
    for name in ("painting.jpg", "photo.jpg"):
        write_image(tmp_path / name, frame.image)
    for folder in ("PHOTOS", "PAINTINGS", "hub_folder"):
        (tmp_path / folder).mkdir()
    for file in ("VGG16.npz", "CLIP"):
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [name for name, program in PROGRAMS.items() if program])
def test_python_runs_as_written(page, stand_ins):
    done = subprocess.run([sys.executable, "-c", PROGRAMS[page]], cwd=stand_ins, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert read_image(stand_ins / "out.png").shape == (96, 128, 3)
    assert [line.split()[0] for line in done.stdout.splitlines()[:3]] == ["0.00", "0.03", "0.07"]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_understood(page, stand_ins, monkeypatch):
    for command in [cli, *all_commands(cli)]:
        monkeypatch.setattr(command, "callback", lambda *_, **__: None)
    for arguments in shell_commands(PAGES[page]):
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, f"realtime-nst {shlex.join(arguments)}: {done.output}"


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_run_exist_and_know_their_options(page):
    text = PAGES[page].replace("$T", "realtime_nst.training").replace("\\\n", " ")
    for module, arguments in re.findall(r"python -m (realtime_nst[.\w]*)([^\n`]*)", text):
        source = ROOT / f"{module.replace('.', '/')}.py"
        assert source.exists(), f"python -m {module}"
        unknown = [
            option for option in re.findall(r"--[a-z-]+", arguments) if option not in source.read_text(encoding="utf-8")
        ]
        assert unknown == [], f"python -m {module}"


@pytest.mark.parametrize("page", PAGES)
def test_options_exist(page):
    known = {name for command in all_commands(cli) for option in command.params for name in option.opts}
    known |= {name for command in all_commands(cli) for option in command.params for name in option.secondary_opts}
    named = set(re.findall(r"`(--[a-z-]+)", BLOCK.sub("", PAGES[page])))
    training = {"--batch", "--shapes", "--precision"} if page == "docs/training.md" else set()
    assert sorted(named - known - training) == []


def test_the_readme_is_short_and_its_links_lead_somewhere():
    readme = PAGES["README.md"]
    assert len(readme.splitlines()) <= 150
    linked = re.findall(r"\]\(([^)#:]+)[^)]*\)", readme)
    assert len(linked) > 15
    assert [link for link in linked if not (ROOT / link).exists()] == []


def test_the_readme_s_keys_are_the_program_s():
    table = re.search(r"<!-- keys -->\n(.*?)\n<!-- end of keys -->", PAGES["README.md"], re.DOTALL)
    assert table
    assert table[1] == markdown_table()


def test_the_documentation_builds(tmp_path):
    pytest.importorskip("mkdocs_click", reason="needs pip install -e '.[docs]'")
    pytest.importorskip("material", reason="needs pip install -e '.[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reference = (tmp_path / "commands.html").read_text(encoding="utf-8")
    assert [name for name in cli.commands if f"realtime-nst {name}" not in reference] == []
    assert "next style" in (tmp_path / "index.html").read_text(encoding="utf-8")
