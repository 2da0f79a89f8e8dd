"""What is measured of our own program: the network alone, the live loop, a whole clip; and the loop of tutorials.

Each case is made from a job (the fields that `bench` gives), is ready once its first frame is stylized, and then
does one round whenever asked.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from ..frames import Frame, Image
from ..media.images import read_image
from ..offline.clip import ClipOptions, stylize_clip
from ..pipeline import RenderParams, run
from ..process import halve_opencv_threads
from ..sinks.null import NullSink
from ..sources.clip import ClipSource
from ..sources.factory import open_source
from ..stylizer import Stylizer, load_stylizer
from ..temporal.filter import deflicker_by_default
from ..timing import Clock, peak_rss_mb, percentiles_ms, rss_mb


class Meter:
    """Frames, time, processor time and memory of a round."""

    def __init__(self) -> None:
        self._cpu, self._began = time.process_time(), time.perf_counter()

    def figures(self, frames: int, seconds: float | None = None, **more) -> dict:
        """The figures of a round that made `frames` in `seconds`, by default since the meter was made."""
        seconds = seconds or time.perf_counter() - self._began
        return {
            "frames": frames,
            "seconds": round(seconds, 4),
            "fps": round(frames / seconds, 3),
            "cpu_s_per_frame": round((time.process_time() - self._cpu) / frames, 5),
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "rss_mb": rss_mb(),
            **more,
        }


class OurCase:
    """A model on a device with its style encoded; job: model, device, processing_size, style, clip."""

    throughput = False
    """Whether many frames a second count, not how soon each is there."""

    def __init__(self, job: dict) -> None:
        self.job = job
        self.stylizer: Stylizer = load_stylizer(
            job["model"], job["device"], job["processing_size"], throughput=self.throughput
        )
        self.code = self.stylizer.encode(read_image(job["style"]))
        self.size = (0, 0)
        self.first()

    def first(self) -> None:
        """Stylize the first frame. Sets `size`, (height, width) of the frames."""
        raise NotImplementedError

    def facts(self) -> dict:
        network = self.stylizer.network
        return {
            "runtime": network.runtime,
            "device": network.device,
            "frame_size": self.size,
            "processing_size": self.stylizer.processing_shape(*self.size),
        }

    def round(self) -> dict:
        raise NotImplementedError


class Network(OurCase):
    """The network alone: frames in memory, one after the other, each finished at its size, for job["seconds"]."""

    def first(self) -> None:
        self._frames = some_frames(self.job["clip"], 8)
        self.size = self._frames[0].shape[:2]
        self.stylizer.stylize(self._frames[0], self.code)

    def round(self) -> dict:
        operations = self.stylizer.network.operations()
        meter, took = Meter(), []
        until = time.perf_counter() + self.job["seconds"]
        while time.perf_counter() < until:
            began = time.perf_counter()
            self.stylizer.stylize(self._frames[len(took) % len(self._frames)], self.code)
            took.append(time.perf_counter() - began)
        return meter.figures(len(took), latency_ms=percentiles_ms(took), operations=operations)


class Live(OurCase):
    """The loop of `realtime-nst live`, from the network camera job["url"] to a sink, for job["seconds"]."""

    def first(self) -> None:
        source = open_source(self.job["url"])
        self.size = source.size
        frame = source.read()
        assert frame is not None  # the camera sends until it is closed
        self.stylizer.stylize(frame.image, self.code)
        source.close()

    def round(self) -> dict:
        self.stylizer.clock = Clock()
        samples = Samples(self.stylizer)
        source = open_source(self.job["url"])
        meter = Meter()
        stats = run(
            source,
            self.stylizer,
            [samples],
            lambda frame: RenderParams(self.code),
            live=True,
            deflicker=deflicker_by_default(source.fps),
            seconds=self.job["seconds"],
        )
        return meter.figures(
            stats.frames,
            stats.seconds,
            stages_ms=stats.stages_ms,
            latency_ms=stats.latency_ms,
            dropped=stats.dropped,
            minutes=samples.minutes,
        )


class Clip(OurCase):
    """The whole clip from decoding to encoding, as `realtime-nst clip` does it."""

    encode = True
    throughput = True

    def first(self) -> None:
        halve_opencv_threads()
        (frame,) = some_frames(self.job["clip"], 1)
        self.size = frame.shape[:2]
        self.stylizer.stylize(frame, self.code)

    def round(self) -> dict:
        self.stylizer.clock = Clock()
        meter = Meter()
        if not self.encode:
            look = RenderParams(self.code)
            stats = run(ClipSource(self.job["clip"]), self.stylizer, [NullSink()], lambda frame: look, live=False)
            return meter.figures(stats.frames, stats.seconds, stages_ms=stats.stages_ms)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.mp4"
            stylize_clip(Path(self.job["clip"]), out, self.stylizer, self.code, ClipOptions(encoder="libx264"))
            frames = ClipSource(out).stream.frames
        return meter.figures(frames, stages_ms=self.stylizer.clock.stages_ms())


class ClipWithoutEncoder(Clip):
    """The whole clip, decoded and stylized in the same loop, and not encoded."""

    encode = False


class Naive:
    """The loop of tutorials: the hub's whole module called for every frame, style included, on one thread.

    job: hub (the SavedModel's folder), style, clip, seconds. The module is given the whole frame.
    """

    def __init__(self, job: dict) -> None:
        import tensorflow as tf

        self._tf = tf
        self._job = job
        self._module = tf.saved_model.load(job["hub"]).signatures["serving_default"]
        style = cv2.cvtColor(cv2.resize(read_image(job["style"]), (256, 256)), cv2.COLOR_BGR2RGB)
        self._style = style[np.newaxis].astype(np.float32) / 255
        (frame,) = some_frames(job["clip"], 1)
        self._size = frame.shape[:2]
        self._stylize(frame)

    def facts(self) -> dict:
        device = "GPU" if self._tf.config.list_physical_devices("GPU") else "CPU"
        return {
            "runtime": f"TensorFlow {self._tf.__version__}",
            "device": device,
            "frame_size": self._size,
            "processing_size": self._size,
        }

    def round(self) -> dict:
        meter, took = Meter(), []
        capture = cv2.VideoCapture(self._job["clip"])
        until = time.perf_counter() + self._job["seconds"]
        while time.perf_counter() < until:
            began = time.perf_counter()
            done, frame = capture.read()
            if not done:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                continue
            self._stylize(frame)
            took.append(time.perf_counter() - began)
        capture.release()
        return meter.figures(len(took), latency_ms=percentiles_ms(took))

    def _stylize(self, frame: Image) -> Image:
        tf = self._tf
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)[np.newaxis].astype(np.float32) / 255
        out = self._module(placeholder=tf.constant(rgb), placeholder_1=tf.constant(self._style))["output_0"]
        return cv2.cvtColor((np.clip(out[0], 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)


CASES = {"network": Network, "live": Live, "clip": Clip, "clip, no encoder": ClipWithoutEncoder, "naive loop": Naive}
"""By the names that the table gives them."""


class Samples(NullSink):
    """Notes at every minute of a run what could drift: frames a second, latency, memory."""

    def __init__(self, stylizer: Stylizer) -> None:
        self.minutes: list[dict] = []
        self._stylizer = stylizer
        self._noted = time.perf_counter()

    def write(self, frame: Frame) -> None:
        if time.perf_counter() - self._noted >= 60:
            self._noted += 60
            clock = self._stylizer.clock
            self.minutes.append(
                {"fps": round(clock.recent_fps(60), 2), "latency_ms": clock.latency_ms(last=1000), "rss_mb": rss_mb()}
            )


def some_frames(clip: str, count: int) -> list[Image]:
    """The first `count` frames of a clip."""
    source = ClipSource(clip)
    frames = [frame.image for _ in range(count) if (frame := source.read())]
    source.close()
    return frames
