"""The commands that install optional packages."""

import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from support import ROOT

from realtime_nst.extras import EXTRAS, install_command


def test_every_extra_is_one_of_the_package_s():
    for extra, (package, _) in EXTRAS.items():
        lines = [line for line in requires("realtime-nst") or () if f"extra == '{extra}'" in line.replace('"', "'")]
        assert [line for line in lines if line.startswith(package)], lines


def test_the_command_names_the_python_that_runs_and_works_in_every_shell(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", "/opt/venv/bin/python")
    assert install_command("mic") == '/opt/venv/bin/python -m pip install "realtime-nst[mic]"'
    monkeypatch.setattr(sys, "executable", str(Path.cwd() / ".venv" / "bin" / "python"))
    assert install_command("mic") == '.venv/bin/python -m pip install "realtime-nst[mic]"'


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_readme_s_way_is_documented(extra):
    assert f'pip install ".[{extra}]"' in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
