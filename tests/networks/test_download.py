"""Downloads from a loopback server: whole, truncated, missing, silent, slow, and of the wrong kind."""

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
from realtime_nst.networks.download import fetch_hub, fetched
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
    """Yield the address of a server whose paths misbehave as they are named. The cache is empty."""
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path / "cache"))
    released = threading.Event()
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("readme.txt"))
    half = io.BytesIO()
    with tarfile.open(fileobj=half, mode="w:gz") as tar:
        tar.add(hub_folder / "saved_model.pb", "saved_model.pb")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind = self.path.strip("/").split("?")[0]
            if kind == "missing":
                return self.send_error(404)
            if kind == "silent":
                return released.wait(60)
            body = {"other": other.getvalue(), "half": half.getvalue()}.get(kind, archive)
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
        yield f"http://127.0.0.1:{server.server_port}"
        released.set()
        server.shutdown()


def nothing_left():
    """Whether the cache holds no file of a download."""
    return not [path for path in cache_folder().rglob("*") if path.is_file()]


def test_an_archive_is_fetched_once_and_runs(server, cache, hub_network):
    seen, told = [], []
    folder = fetch_hub(f"{server}/model", progress=lambda done, total: seen.append(done))
    assert (folder / "saved_model.pb").is_file() and fetched(f"{server}/model") == folder
    assert fetch_hub(f"{server}/model") == folder
    shutil.copytree(cache / "converted", cache_folder() / "converted")  # so that it is not converted again
    network = open_network(f"{server}/model", "cpu", told.append)
    assert told == []
    assert network.name == f"{server}/model" and "OpenVINO" in network.runtime


def test_a_slow_server_is_waited_for_and_progress_told(server, hub_folder):
    seen = []
    fetch_hub(f"{server}/slow", timeout=5, progress=lambda done, total: seen.append(done))
    assert len(seen) > 2 and seen == sorted(seen) and seen[-1] > size_of(hub_folder) / 4


@pytest.mark.parametrize("kind", ["truncated", "missing", "silent", "stalling"])
def test_what_fails_says_the_ways_on_and_leaves_nothing(server, kind):
    with pytest.raises(ModelError) as caught:
        fetch_hub(f"{server}/{kind}", timeout=1)
    message = str(caught.value)
    for words in (f"{server}/{kind}", "gave up after", "--fetch hub", "--model FOLDER", "--model fast"):
        assert words in message
    assert nothing_left() and fetched(f"{server}/{kind}") is None


def test_an_archive_of_something_else_is_no_model(server):
    with pytest.raises(ModelError, match="holds no SavedModel"):
        fetch_hub(f"{server}/other")
    assert nothing_left()


def test_an_archive_that_ends_between_two_files_is_no_model(server):
    with pytest.raises(ModelError, match=f"cannot load {server}/half"):
        fetch_hub(f"{server}/half")
    assert nothing_left()


def test_no_server_at_all_is_an_error_soon(tmp_path, monkeypatch):
    monkeypatch.setenv("REALTIME_NST_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="--model fast"):
        fetch_hub("http://127.0.0.1:9/model", timeout=2)
    assert nothing_left()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_an_interrupted_download_leaves_nothing_that_looks_like_a_model(server):
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from realtime_nst.networks.download import fetch_hub\n"
            "fetch_hub(sys.argv[1], progress=lambda done, total: done and print('going', flush=True))",
            f"{server}/stalling",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ,
    )
    assert child.stdout.readline() == "going\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert fetched(f"{server}/stalling") is None
