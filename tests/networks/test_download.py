"""Downloads from a loopback server: whole, truncated, missing, silent, slow, and of the wrong kind."""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from realtime_nst.errors import ModelError
from realtime_nst.networks import download
from realtime_nst.networks.download import fetch_hub, fetched, with_checksum
from realtime_nst.networks.hub_split import check_module
from realtime_nst.networks.registry import open_network
from realtime_nst.networks.runtimes.cache import cache_folder, size_of


@pytest.fixture(scope="module")
def archive(hub_folder):
    """A SavedModel as the hub serves it: a .tar.gz with saved_model.pb at its top."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        tar.add(hub_folder, arcname=".")
    return buffer.getvalue()


@pytest.fixture
def server(archive, hub_folder, tmp_path, monkeypatch):
    """Yield a function that gives the handle of a path, which misbehaves as it is named. The cache is empty.

    Models are checked in this process, which has loaded TensorFlow.
    """
    monkeypatch.setattr(download, "run_isolated", lambda function, folder, name: check_module(folder))
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path / "cache"))
    released = threading.Event()
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme.txt"))
    half = io.BytesIO()
    with tarfile.open(fileobj=half, mode="w:gz") as tar:
        tar.add(hub_folder / "saved_model.pb", "saved_model.pb")
    bodies = {"other": other.getvalue(), "half": half.getvalue()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind = self.path.strip("/").split("?")[0]
            if kind == "missing":
                return self.send_error(404)
            if kind == "silent":
                return released.wait(60)
            body = bodies.get(kind, archive)
            self.send_response(200)
            self.send_header("Content-Type", "application/gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if kind == "truncated":
                    self.wfile.write(body[: len(body) // 3])
                elif kind == "slow":
                    for start in range(0, len(body), len(body) // 8):
                        self.wfile.write(body[start : start + len(body) // 8])
                        time.sleep(0.3)
                elif kind == "stalling":
                    self.wfile.write(body[: len(body) // 3])
                    released.wait(60)
                else:
                    self.wfile.write(body)
            except OSError:
                pass  # the client closed the connection, as some tests want it to

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield lambda kind: f"{address}/{kind}#sha256={hashlib.sha256(bodies.get(kind, archive)).hexdigest()}"
        released.set()
        server.shutdown()


def nothing_left():
    """Whether the cache holds no file of a download."""
    return not [path for path in cache_folder().rglob("*") if path.is_file()]


def test_an_archive_is_fetched_once_and_runs(server, cache, hub_network):
    seen, told = [], []
    folder = fetch_hub(server("model"), progress=lambda done, total: seen.append(done))
    assert (folder / "saved_model.pb").is_file() and fetched(server("model")) == folder
    assert fetch_hub(server("model")) == folder
    shutil.copytree(cache / "converted", cache_folder() / "converted")  # so that it is not converted again
    network = open_network(server("model"), "cpu", told.append)
    assert told == []
    assert network.name == server("model").partition("#")[0] and "OpenVINO" in network.runtime


def test_a_slow_server_is_waited_for_and_progress_told(server, hub_folder):
    seen = []
    fetch_hub(server("slow"), timeout=5, progress=lambda done, total: seen.append(done))
    assert len(seen) > 2 and seen == sorted(seen) and seen[-1] > size_of(hub_folder) / 4


@pytest.mark.parametrize("kind", ["truncated", "missing", "silent", "stalling"])
def test_what_fails_says_the_ways_on_and_leaves_nothing(server, kind):
    with pytest.raises(ModelError) as caught:
        fetch_hub(server(kind), timeout=1)
    message = str(caught.value)
    for words in (server(kind).partition("#")[0], "gave up after", "--model FOLDER", "--model fast"):
        assert words in message
    assert nothing_left() and fetched(server(kind)) is None


def test_an_archive_of_something_else_is_no_model(server):
    with pytest.raises(ModelError, match="holds no SavedModel"):
        fetch_hub(server("other"))
    assert nothing_left()


def test_an_archive_that_ends_between_two_files_is_no_model(server):
    with pytest.raises(ModelError, match="cannot load http://127.0.0.1:[0-9]+/half"):
        fetch_hub(server("half"))
    assert nothing_left()


def test_no_server_at_all_is_an_error_soon(tmp_path, monkeypatch):
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="--model fast"):
        fetch_hub(f"http://127.0.0.1:9/model#sha256={'0' * 64}", timeout=2)
    assert nothing_left()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupted_download_leaves_nothing_that_looks_like_a_model(server):
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from realtime_nst.networks.download import fetch_hub\n"
            "fetch_hub(sys.argv[1], progress=lambda done, total: done and print('going', flush=True))",
            server("stalling"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    )
    assert child.stdout.readline() == "going\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert fetched(server("stalling")) is None


def test_unencrypted_models_need_a_checksum(server):
    url = server("model").partition("#")[0]
    with pytest.raises(ModelError, match="is not encrypted.*--sha256"):
        fetch_hub(url)
    with pytest.raises(ModelError, match="is not the model of that checksum: its SHA-256 is [0-9a-f]{64}"):
        fetch_hub(with_checksum(url, "0" * 64))
    assert nothing_left()
    fetch_hub(server("model"))
    with pytest.raises(ModelError, match="is not the model of that checksum"):  # of the one in the cache
        fetch_hub(with_checksum(url, "0" * 64))


@pytest.mark.parametrize(
    ("model", "digits", "words"),
    [
        ("fast", "0" * 64, "--sha256 is the checksum of an archive: give it with --model URL, not with fast"),
        ("https://localhost/a.tar.gz", "12ab", "--sha256 has 64 hexadecimal digits, not '12ab'"),
    ],
)
def test_a_checksum_that_cannot_be_one_is_refused(model, digits, words):
    with pytest.raises(ModelError, match=words):
        with_checksum(model, digits)


def test_other_schemes_are_refused():
    with pytest.raises(ModelError, match="cannot download gs://bucket/model: give an https address"):
        fetch_hub("gs://bucket/model")


def test_the_first_use_of_a_model_is_said(server, hub_folder, cache, hub_network):
    shutil.copytree(cache / "converted", cache_folder() / "converted")  # so that it is not converted again
    told = []
    open_network(server("model"), "cpu", told.append)
    assert "a SavedModel is a program and may do whatever you may" in told[0]
