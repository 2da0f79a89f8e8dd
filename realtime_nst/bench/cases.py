"""The cases of our own program: the network alone, the live loop, a whole clip; and the loop of tutorials.

Each case is made from a job, the parameters that `bench` sends. It is ready once its first frame is stylized, and
measures one round per call.
"""

from __future__ import annotations

import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Protocol, TypeAlias

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
from .contender import Answer
from .material import images_of

Job: TypeAlias = dict[str, Any]

PROCESSING_SIZES = {"fast": 640}
"""Processing sizes of models unless one is requested, in pixels; that of all others is DEFAULT_SIZE. They are not the
program's own defaults, which may change, so that figures stay comparable."""

DEFAULT_SIZE = 384


class Case(Protocol):
    """One case, ready to be measured."""

    def facts(self) -> Answer:
        """Return what was opened: runtime, device, frame_size and processing_size (height, width)."""
        ...

    def round(self) -> Answer:
        """Measure one round and return its figures."""
        ...


class Meter:
    """Measures a round: frames, time, processor time and memory. It starts when it is made."""

    def __init__(self) -> None:
        self._cpu, self._started = time.process_time(), time.perf_counter()

    def figures(self, frames: int, seconds: float | None = None, **more: Any) -> Answer:
        """Return the figures of the round.

        Args:
            frames: number of frames finished.
            seconds: the time that they took. None: the time since the meter was made.
            more: further figures.
        """
        seconds = seconds or time.perf_counter() - self._started
        return {
            "frames": frames,
            "seconds": round(seconds, 4),
            "fps": round(frames / seconds, 3),
            "cpu_s_per_frame": round((time.process_time() - self._cpu) / frames, 5),
            "peak_rss_mb": round(peak_rss_mb(), 1),
            "rss_mb": rss_mb(),
            **more,
        }


class OurCase(ABC):
    """A case with a model on a device, its style encoded.

    Args:
        job: model, device, processing_size, style (a file), clip (a file), and the case's own parameters.

    Attributes:
        size: (height, width) of the frames in pixels.
    """

    throughput = False
    """Whether frames per second count, and not the latency of each."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.stylizer: Stylizer = load_stylizer(
            job["model"], job["device"], job["processing_size"], throughput=self.throughput
        )
        if job["processing_size"] is None:
            self.stylizer.processing_size = PROCESSING_SIZES.get(self.stylizer.network.name, DEFAULT_SIZE)
        self.code = self.stylizer.encode(read_image(job["style"]))
        self.size = self.first()

    @abstractmethod
    def first(self) -> tuple[int, int]:
        """Stylize the first frame; return its (height, width)."""

    def facts(self) -> Answer:
        network = self.stylizer.network
        return {
            "runtime": network.runtime,
            "device": network.device,
            "frame_size": self.size,
            "processing_size": self.stylizer.processing_shape(*self.size),
        }

    @abstractmethod
    def round(self) -> Answer:
        """Measure one round and return its figures."""


class Network(OurCase):
    """The network alone: frames in memory, one after the other, each finished at full size, for job["seconds"]."""

    def first(self) -> tuple[int, int]:
        self._frames = images_of(Path(self.job["clip"]), 8)
        self.stylizer.stylize(self._frames[0], self.code)
        return _size_of(self._frames[0])

    def round(self) -> Answer:
        operations = self.stylizer.network.operations()
        meter, durations = Meter(), []
        until = time.perf_counter() + self.job["seconds"]
        while time.perf_counter() < until:
            started = time.perf_counter()
            self.stylizer.stylize(self._frames[len(durations) % len(self._frames)], self.code)
            durations.append(time.perf_counter() - started)
        return meter.figures(len(durations), latency_ms=percentiles_ms(durations), operations=operations)


class Live(OurCase):
    """The loop of `realtime-nst live`, from the network camera job["url"] to a sink, for job["seconds"]."""

    def first(self) -> tuple[int, int]:
        source = open_source(self.job["url"])
        frame = source.read()
        assert frame is not None  # the camera sends until it is closed
        self.stylizer.stylize(frame.image, self.code)
        source.close()
        return source.size

    def round(self) -> Answer:
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
    """The whole clip from decoding to encoding, as `realtime-nst clip` stylizes it."""

    throughput = True

    def first(self) -> tuple[int, int]:
        halve_opencv_threads()
        (frame,) = images_of(Path(self.job["clip"]), 1)
        self.stylizer.stylize(frame, self.code)
        return _size_of(frame)

    def round(self) -> Answer:
        self.stylizer.clock = Clock()
        meter = Meter()
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.mp4"
            stylize_clip(Path(self.job["clip"]), out, self.stylizer, self.code, ClipOptions(encoder="libx264"))
            frames = ClipSource(out).stream.frames
        return meter.figures(frames, stages_ms=self.stylizer.clock.stages_ms())


class ClipWithoutEncoder(Clip):
    """The whole clip, decoded and stylized in the same loop, but not encoded."""

    def round(self) -> Answer:
        self.stylizer.clock = Clock()
        meter = Meter()
        params = RenderParams(self.code)
        stats = run(ClipSource(self.job["clip"]), self.stylizer, [NullSink()], lambda frame: params, live=False)
        return meter.figures(stats.frames, stats.seconds, stages_ms=stats.stages_ms)


class Naive:
    """The loop of tutorials: the hub's whole module, style included, called for every frame on one thread.

    Args:
        job: hub (the SavedModel's folder), style (a file), clip (a file), seconds. The module sees the whole frame.
    """

    def __init__(self, job: Job) -> None:
        import tensorflow as tf

        self._tf = tf
        self._job = job
        self._module = tf.saved_model.load(job["hub"]).signatures["serving_default"]
        style = cv2.cvtColor(cv2.resize(read_image(job["style"]), (256, 256)), cv2.COLOR_BGR2RGB)
        self._style = style[np.newaxis].astype(np.float32) / 255
        (frame,) = images_of(Path(job["clip"]), 1)
        self._size = _size_of(frame)
        self._stylize(frame)

    def facts(self) -> Answer:
        device = "GPU" if self._tf.config.list_physical_devices("GPU") else "CPU"
        return {
            "runtime": f"TensorFlow {self._tf.__version__}",
            "device": device,
            "frame_size": self._size,
            "processing_size": self._size,
        }

    def round(self) -> Answer:
        meter, durations = Meter(), []
        capture = cv2.VideoCapture(self._job["clip"])
        until = time.perf_counter() + self._job["seconds"]
        while time.perf_counter() < until:
            started = time.perf_counter()
            done, frame = capture.read()
            if not done:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                continue
            self._stylize(frame)
            durations.append(time.perf_counter() - started)
        capture.release()
        return meter.figures(len(durations), latency_ms=percentiles_ms(durations))

    def _stylize(self, frame: np.ndarray) -> np.ndarray:
        tf = self._tf
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)[np.newaxis].astype(np.float32) / 255
        out = self._module(placeholder=tf.constant(rgb), placeholder_1=tf.constant(self._style))["output_0"]
        return cv2.cvtColor((np.clip(out[0], 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2BGR)


class Samples(NullSink):
    """A sink that records the figures that could drift in a long run once a minute: frame rate, latency, memory."""

    def __init__(self, stylizer: Stylizer) -> None:
        self.minutes: list[Answer] = []
        self._stylizer = stylizer
        self._noted = time.perf_counter()

    def write(self, frame: Frame) -> None:
        if time.perf_counter() - self._noted >= 60:
            self._noted += 60
            clock = self._stylizer.clock
            self.minutes.append(
                {"fps": round(clock.recent_fps(60), 2), "latency_ms": clock.latency_ms(last=1000), "rss_mb": rss_mb()}
            )


def _size_of(image: Image) -> tuple[int, int]:
    height, width = image.shape[:2]
    return height, width


CASES: dict[str, type[OurCase] | type[Naive]] = {
    "network": Network,
    "live": Live,
    "clip, no encoder": ClipWithoutEncoder,
    "clip": Clip,
    "naive loop": Naive,
}
"""By the names in the table."""
