"""A network camera with the habits of real ones, which can be switched off and on, and a live HLS stream."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import av  # after cv2, as the package does
import numpy as np

HABITS = {
    "plain": {},
    "no first boundary": {"first": False},
    "image/jpg": {"head": b"Content-Type: image/jpg\r\n"},
    "no type": {"head": b""},
    "preamble": {"preamble": b"This is a camera.\r\n\r\n"},
    "no lengths": {"lengths": False},
    "all of them": {"first": False, "head": b"", "preamble": b"This is a camera.\r\n", "lengths": False},
}
"""What cameras do that browsers forgive: arguments of `NetworkCamera`."""


class NetworkCamera:
    """MJPEG over HTTP on a port that stays the same while the camera is switched off and on.

    Args:
        images: uint8 BGR, sent over and over.
        fps: frames per second.
        first: begin with a boundary.
        head: headers of each image, besides its length.
        preamble: sent before everything else.
        lengths: state the length of each image.
        password: "USER:PASSWORD", without which it answers 401.
        status: status of every answer.
        snapshot: answer with one image instead of a stream.

    Attributes:
        url: its address.
        connections: how often it was asked for the stream.
    """

    def __init__(
        self,
        images: Sequence[np.ndarray],
        fps: float = 30.0,
        *,
        first: bool = True,
        head: bytes = b"Content-Type: image/jpeg\r\n",
        preamble: bytes = b"",
        lengths: bool = True,
        password: str = "",
        status: int = 200,
        snapshot: bool = False,
    ) -> None:
        self.jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
        self.fps, self.first, self.head, self.preamble, self.lengths = fps, first, head, preamble, lengths
        self.password, self.status, self.snapshot = password, status, snapshot
        self.connections = 0
        self._port = 0
        self._off = threading.Event()
        self.on()
        self.url = f"http://127.0.0.1:{self._port}/video"

    def on(self) -> None:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(OSError):
                    camera.answer(self)

            def log_message(self, *_args) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._off = threading.Event()
        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def off(self) -> None:
        """Close the port and hang up."""
        self._off.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        expected = "Basic " + base64.b64encode(self.password.encode()).decode()
        if self.password and request.headers.get("Authorization") != expected:
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.end_headers()
            return
        request.send_response(self.status)
        kind = "image/jpeg" if self.snapshot else "multipart/x-mixed-replace; boundary=edge"
        request.send_header("Content-Type", kind)
        request.end_headers()
        if self.status != 200:
            return
        if self.snapshot:
            request.wfile.write(self.jpegs[0])
            return
        self.connections += 1
        self._stream(request, self._off)

    def _stream(self, request: BaseHTTPRequestHandler, off: threading.Event) -> None:
        edge = b"--edge\r\n"
        request.wfile.write(self.preamble + (edge if self.first else b""))
        number = 0
        while not off.wait(1 / self.fps):
            jpeg = self.jpegs[number % len(self.jpegs)]
            length = b"Content-Length: %d\r\n" % len(jpeg) if self.lengths else b""
            request.wfile.write(self.head + length + b"\r\n" + jpeg + b"\r\n" + edge)
            number += 1


@contextlib.contextmanager
def network_camera(images: Sequence[np.ndarray], fps: float = 30.0, **habits) -> Iterator[NetworkCamera]:
    """Run a camera for the length of a `with` block."""
    camera = NetworkCamera(images, fps, **habits)
    try:
        yield camera
    finally:
        camera.off()


@contextlib.contextmanager
def live_hls(
    folder: Path, *, segment: float, fps: int, count: int, finished: bool = False, ends: bool = False
) -> Iterator[str]:
    """Serve a live HLS stream of `count` segments, of which a new one is published every `segment` seconds.

    Frame n is grey of level 2 n (modulo 256). Yields the address of the playlist. It is complete from the beginning if
    `finished` is set, and marked as such after the last segment if `ends` is set.
    """
    pieces = _segments(folder, segment, fps, count)
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal finished
            name = self.path.rpartition("/")[2]
            if name.endswith(".ts"):
                body, kind = pieces[int(name.removesuffix(".ts"))].read_bytes(), "video/mp2t"
            else:
                last = count if finished else min(3 + int((time.monotonic() - began) / segment), count)
                finished = finished or (ends and last == count)
                body, kind = _playlist(last, segment, finished).encode(), "application/vnd.apple.mpegurl"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_args) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/live.m3u8"
        server.shutdown()


def _playlist(last: int, segment: float, finished: bool) -> str:
    first = 0 if finished else max(last - 4, 0)
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{max(round(segment), 1)}"]
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
    for number in range(first, last):
        lines += [f"#EXTINF:{segment:.3f},", f"{number}.ts"]
    return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if finished else []), ""])


def _segments(folder: Path, segment: float, fps: int, count: int) -> list[Path]:
    """Write the pieces of a stream, with times that run on, and return their paths."""
    frames = round(segment * fps)
    pieces = []
    for number in range(count):
        pieces.append(folder / f"{number}.ts")
        with av.open(str(pieces[-1]), "w", format="mpegts") as output:
            stream = output.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "bf": "0"})
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for index in range(number * frames, (number + 1) * frames):
                image = np.full((64, 96, 3), 2 * index % 256, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, "bgr24")
                frame.pts = index
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return pieces
