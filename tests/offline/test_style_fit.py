"""Fit a style from a picture to the vector that later runs use: the real network, features of no meaning."""

import numpy as np
import pytest

from realtime_nst.errors import InputError, ModelError, OutputError
from realtime_nst.media.images import read_image
from realtime_nst.offline.style_fit import fit_style
from realtime_nst.styles.library import find_style
from realtime_nst.stylizer import load_stylizer


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder for the user's data."""
    monkeypatch.setattr("realtime_nst.styles.fitted.fitted_folder", lambda: tmp_path / "data" / "fitted")
    return tmp_path / "data"


@pytest.mark.slow
def test_a_fitted_style_is_shown_and_used_by_every_later_run(data, features_file):
    said, steps = [], []
    result = fit_style(
        "night", model="fast", minutes=0.01, features=features_file, say=said.append, on_step=steps.append
    )
    assert result.vector.parent == data / "fitted" and result.steps == len(steps) >= 2
    assert any("give more --minutes" in line for line in said)
    sheet = read_image(result.sheet)
    assert sheet.shape[1] == 4 * 486, "the frame, the style, before and after"
    style = find_style("night")
    vector = load_stylizer("fast").encode_style(style)
    assert (vector == np.load(result.vector)).all()
    predicted = load_stylizer("fast", fitted=False).encode_style(style)
    assert 0 < np.abs(vector - predicted).max() < 0.1
    with pytest.raises(OutputError, match="fitted already.*--overwrite"):
        fit_style("night", model="fast", features=features_file)


class TestRefused:
    """Before anything slow starts, and without a trace."""

    @pytest.fixture(autouse=True)
    def nothing_written(self, data):
        yield
        assert not data.exists()

    def test_no_features(self, tmp_path):
        with pytest.raises(ModelError, match="cannot read the feature weights"):
            fit_style("night", features=tmp_path / "gone.npz")

    def test_no_style(self, features_file):
        with pytest.raises(InputError, match="did you mean night"):
            fit_style("nigth", features=features_file)

    def test_a_model_that_cannot_be_fitted(self, hub_folder, hub_network, features_file):
        with pytest.raises(ModelError, match="use --model fast"):
            fit_style("night", model=str(hub_folder), features=features_file)

    def test_a_sheet_that_is_no_picture(self, features_file, tmp_path):
        with pytest.raises(OutputError, match="must end in"):
            fit_style("night", model="fast", features=features_file, sheet=tmp_path / "sheet.txt")

    def test_a_sheet_over_another_file(self, features_file, tmp_path):
        sheet = tmp_path / "sheet.png"
        sheet.write_text("mine")
        with pytest.raises(OutputError, match="--overwrite"):
            fit_style("night", model="fast", features=features_file, sheet=sheet)
