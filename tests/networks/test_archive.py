"""Archives of models: unpacked within bounds, whatever they hold."""

import io
import tarfile
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest

from realtime_nst.errors import ModelError
from realtime_nst.networks.archive import UnreachableError, download, unpack


def tar_of(*members, mode: Literal["w:gz", "w:"] = "w:gz"):
    """An archive of (name, bytes or a link's target) members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def bomb():
    """200 MB of zeros in 200 KB."""
    zeros, packer = bytes(1 << 20), zlib.compressobj(9, wbits=31)
    head = tarfile.TarInfo("saved_model.pb")
    head.size = 200 << 20
    return b"".join([packer.compress(head.tobuf()), *(packer.compress(zeros) for _ in range(200)), packer.flush()])


HOSTILE = {
    "bomb": bomb,
    "crowd": lambda: tar_of(*((f"{number}", b"") for number in range(1001))),
    "absolute": lambda: tar_of(("/tmp/realtime-nst-was-here", b"x")),
    "upwards": lambda: tar_of(("a/../../../realtime-nst-was-here", b"x")),
    "link": lambda: tar_of(("variables", "/etc"), ("variables/x", b"x")),
    "page": lambda: b"<html>please log in</html>",
    "flipped": lambda: (lambda data: data[:200] + bytes([data[200] ^ 255]) + data[201:])(
        tar_of(("saved_model.pb", bytes(range(256)) * 40))
    ),
}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("bomb", "unpacks to more than [0-9]+ MB: it is not the archive of a model"),
        ("crowd", "holds more than 1000 files: it is not the archive of a model"),
        ("absolute", "would write outside its folder, as '/tmp/realtime-nst-was-here': do not use it"),
        ("upwards", "would write outside its folder"),
        ("link", "holds 'variables', which is a link or a device: do not use it"),
        ("page", "is not a .tar.gz archive, or damaged"),
        ("flipped", "is not a .tar.gz archive, or damaged"),
    ],
)
def test_a_hostile_archive_is_refused_in_words(tmp_path, kind, words):
    folder = tmp_path / "one" / "model"
    folder.mkdir(parents=True)
    (tmp_path / "a.tar.gz").write_bytes(HOSTILE[kind]())
    with (tmp_path / "a.tar.gz").open("rb") as file, pytest.raises(ModelError, match=words):
        unpack(file, folder, "a.tar.gz")
    assert not list(tmp_path.rglob("realtime-nst-was-here")) and not Path("/tmp/realtime-nst-was-here").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:"])
def test_a_model_is_unpacked(tmp_path, mode):
    (tmp_path / "a.tar").write_bytes(tar_of(("./saved_model.pb", b"graph"), ("variables/index", b"x" * 9), mode=mode))
    (tmp_path / "model").mkdir()
    with (tmp_path / "a.tar").open("rb") as file:
        unpack(file, tmp_path / "model", "a.tar")
    assert (tmp_path / "model" / "saved_model.pb").read_bytes() == b"graph"
    assert (tmp_path / "model" / "variables" / "index").read_bytes() == b"x" * 9


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_): ...


def test_a_redirect_to_an_unencrypted_address_is_refused(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server, (tmp_path / "a").open("wb") as file:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with pytest.raises(UnreachableError, match="redirected to http://127.0.0.1:9/, which is not encrypted"):
            download(url, file, plain_http=False, timeout=5, progress=lambda done, total: None)
        server.shutdown()
