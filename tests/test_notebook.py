"""The example notebook, run from top to bottom in a kernel of its own."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "examples" / "neural_style_transfer.ipynb"


def test_every_cell_runs_and_shows_its_pictures(features_file, tmp_path, monkeypatch):
    monkeypatch.setenv("FEATURES", str(features_file))
    monkeypatch.setenv("SIZE", "96")
    monkeypatch.setenv("STEPS", "6")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    printed = "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")
    assert "fast on CPU" in printed and "style loss" in printed
