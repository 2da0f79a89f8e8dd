"""Fitted vectors: found for their picture and their weights alone, and why the others are not used."""

import numpy as np
import pytest

from realtime_nst.errors import OutputError, StyleError
from realtime_nst.media.images import write_image
from realtime_nst.styles import fitted
from realtime_nst.styles.fitted import FittedStyles
from realtime_nst.styles.library import Style
from realtime_nst.stylizer import Stylizer
from realtime_nst.testing import FakeNetwork

VECTOR = np.arange(3, dtype=np.float32)


@pytest.fixture
def style(tmp_path, monkeypatch):
    """A style of the user's."""
    folder = tmp_path / "styles"
    folder.mkdir()
    monkeypatch.setattr(fitted, "user_folder", lambda: folder)
    return Style("my style", write_image(folder / "my style.png", np.zeros((8, 8, 3), np.uint8)))


@pytest.fixture
def said():
    return []


@pytest.fixture
def store(tmp_path, said):
    def make(weights="a1b2"):
        return FittedStyles("fast", weights, said.append, [tmp_path / "fitted", tmp_path / "shipped"])

    return make


def test_a_vector_is_kept_for_its_picture_and_weights(store, style, said):
    assert store().vector(style) is None and said == []
    path = store().keep(style, VECTOR)
    assert path.name.startswith("my style.") and path.name.endswith(".fast.a1b2.npy")
    found = store().vector(style)
    assert found is not None and found.dtype == np.float32 and (found == VECTOR).all() and said == []


def test_a_vector_that_ships_is_used_until_the_user_has_one(store, style, tmp_path):
    (tmp_path / "shipped").mkdir()
    name = store().path(style).name
    np.save(tmp_path / "shipped" / name, 2 * VECTOR)
    assert (store().vector(style) == 2 * VECTOR).all()
    store().keep(style, VECTOR)
    assert (store().vector(style) == VECTOR).all()


def test_a_vector_for_other_weights_is_not_used_and_told_once(store, style, said):
    store("0000").keep(style, VECTOR)
    one = store()
    assert one.vector(style) is None and one.vector(style) is None
    (message,) = said
    assert "another version of fast" in message and "styles fit my style --overwrite" in message


def test_a_vector_for_a_picture_that_has_changed_is_not_used_and_told(store, style, said):
    store().keep(style, VECTOR)
    write_image(style.path, np.full((8, 8, 3), 9, np.uint8))
    assert store().vector(style) is None
    assert ["its picture has changed" in message for message in said] == [True]


def test_nothing_is_told_of_another_file_of_the_same_name(store, style, said, tmp_path):
    store().keep(style, VECTOR)
    other = Style("my style", write_image(tmp_path / "my style.png", np.full((8, 8, 3), 9, np.uint8)))
    assert store().vector(other) is None and said == []


@pytest.mark.parametrize("content", [b"", b"not an array", b"\x93NUMPY\x01\x00"])
def test_a_damaged_vector_is_told(store, style, said, content):
    store().keep(style, VECTOR).write_bytes(content)
    assert store().vector(style) is None
    assert len(said) == 1 and "cannot be used" in said[0]


def test_an_array_that_is_no_vector_is_told(store, style, said):
    np.save(store().keep(style, VECTOR), np.zeros((2, 2), np.float32))
    assert store().vector(style) is None and "holds no style vector" in said[0]


def test_a_network_that_cannot_be_fitted_has_no_vectors(store, style, said):
    store("").keep(style, VECTOR)
    assert store("").vector(style) is None and said == []


def test_what_cannot_be_read_or_written_is_an_error(store, style, tmp_path):
    (tmp_path / "fitted").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        store().keep(style, VECTOR)
    style.path.unlink()
    with pytest.raises(StyleError, match="cannot read"):
        store().vector(style)


def test_a_stylizer_uses_the_fitted_vector_unless_it_is_told_not_to(store, style):
    store().keep(style, VECTOR)
    assert (Stylizer(FakeNetwork(), 64, store()).encode_style(style) == VECTOR).all()
    assert not np.array_equal(Stylizer(FakeNetwork(), 64).encode_style(style), VECTOR)
