"""The file of feature weights: what is accepted, downloaded, and said when there is none."""

import hashlib

import pytest
from support.file_server import served

from realtime_nst.errors import ModelError
from realtime_nst.nst.features import ensure_features, keras_file


@pytest.fixture(autouse=True)
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(b"weights" * 1000)
    return path


def test_a_file_of_weights_is_accepted(features_file):
    ensure_features(features_file)
    assert not keras_file().exists()


def test_another_file_is_refused_with_what_to_give(tmp_path, published):
    with pytest.raises(ModelError, match="cannot read the feature weights .*no such file|No such file"):
        ensure_features(tmp_path / "gone.npz")
    with pytest.raises(ModelError, match="give an npz file of VGG weights"):
        ensure_features(published)


def test_vgg_19_is_downloaded_once_to_where_keras_looks_for_it(published):
    said = []
    md5 = hashlib.md5(published.read_bytes()).hexdigest()
    with served(published) as url:
        for _ in range(2):
            ensure_features(None, said.append, url=url, md5=md5)
    assert len(said) == 1 and "80 MB, once" in said[0]
    assert keras_file().read_bytes() == published.read_bytes()
    assert keras_file().name == "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"


def test_another_file_than_the_published_one_is_not_kept(published):
    with served(published) as url, pytest.raises(ModelError, match="not the one that Keras publishes"):
        ensure_features(None, url=url)
    assert list(keras_file().parent.iterdir()) == []


def test_without_a_connection_the_error_says_both_ways(published):
    with served(published) as url:
        pass
    with pytest.raises(ModelError) as error:
        ensure_features(None, url=url)
    assert "run this once with a connection" in str(error.value) and "--features FILE.npz" in str(error.value)
