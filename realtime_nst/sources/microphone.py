"""A microphone, through sounddevice: sound with times on the clock of the frames that it belongs to."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from .._closing import Closing
from ..errors import DeviceError
from ..extras import install_command
from ..frames import AudioChunk, Frame
from ..interfaces import Source
from ..media.audio_clock import AudioClock


class Microphone(Closing):
    """An open microphone, captured from now on. It is an `AudioSource`.

    Attributes:
        name: what the system calls it.
        rate: samples per second.
        channels: 1 or 2.
    """

    def __init__(self, device: str = "default") -> None:
        """Open a microphone.

        Args:
            device: its index, part of its name, or "default".

        Raises:
            DeviceError: if sounddevice or PortAudio is missing, or there is no such microphone.
        """
        sounddevice = _load_sounddevice()
        requested = None if device == "default" else int(device) if device.isdecimal() else device
        self._timed: _TimedSource | None = None
        self._chunks: deque[AudioChunk] = deque(maxlen=3000)  # Chunks that nobody takes are dropped after a minute.
        try:
            found = sounddevice.query_devices(requested, "input")
            self.name: str = found["name"]
            self.rate = round(found["default_samplerate"])
            self.channels = min(2, found["max_input_channels"])
            self._clock = AudioClock(self.rate)
            self._arrived = time.perf_counter()
            self._stream = sounddevice.InputStream(
                device=requested,
                channels=self.channels,
                samplerate=self.rate,
                dtype="float32",
                blocksize=self.rate // 50,
                latency="high",
                callback=self._receive,
            )
            with contextlib.ExitStack() as cleanup:
                cleanup.callback(self.close)
                self._stream.start()
                cleanup.pop_all()
        except (ValueError, sounddevice.PortAudioError) as reason:
            raise DeviceError(
                f"the microphone '{device}' cannot be opened ({_first_line(reason)}); {_known(sounddevice)}"
            ) from reason

    @property
    def lost(self) -> bool:
        """Whether the device has stopped delivering samples, even silent ones."""
        return time.perf_counter() - self._arrived > 3

    def follow(self, source: Source) -> Source:
        """Return `source` wrapped so that sound is timed by the clock of the frames read through it."""
        self._timed = _TimedSource(source)
        return self._timed

    def take(self) -> list[AudioChunk]:
        """Return the sound captured since the last call, at most the last minute.

        Its times are on the clock of the followed source. Before that source's first frame nothing is returned.
        """
        began = self._timed.began if self._timed else math.inf
        chunks: list[AudioChunk] = []
        while self._chunks:
            chunk = self._chunks.popleft()
            if began < math.inf:
                chunks.append(AudioChunk(chunk.samples, chunk.time - began))
        return chunks

    def close(self) -> None:
        """Release the device. Calling it again does nothing."""
        self._stream.close()

    def _receive(self, samples: npt.NDArray[np.float32], count: int, _times: Any, status: Any) -> None:
        """Queue a block; sounddevice calls it on a thread of its own."""
        # We time blocks by arrival: the driver's own times are wrong on some systems, by 0.3 s through PulseAudio.
        self._arrived = time.perf_counter()
        if status.input_overflow:
            self._clock.reset()
        self._chunks.append(AudioChunk(samples.copy(), self._clock.captured_at(count, self._arrived)))


class _TimedSource(Closing):
    """A live source that records when its time began.

    Attributes:
        began: time.perf_counter at the source's time 0; infinite before the first frame. Frames are read late, never
            early, so the least delayed frame gives the best estimate.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.live, self.fps, self.size = source.name, source.live, source.fps, source.size
        self.began = math.inf

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is not None:
            self.began = min(self.began, time.perf_counter() - frame.time)
        return frame

    def interrupt(self) -> None:
        if isinstance(self._source, Closing):
            self._source.interrupt()

    def close(self) -> None:
        self._source.close()


def _load_sounddevice() -> ModuleType:
    try:
        import sounddevice
    except ImportError as reason:
        raise DeviceError(f"--mic needs sounddevice: {install_command('mic')}") from reason
    except OSError as reason:
        raise DeviceError(f"--mic needs PortAudio ({reason}): sudo apt-get install libportaudio2") from reason
    return sounddevice


def _known(sounddevice: ModuleType) -> str:
    """Return the microphones of this system, for an error message."""
    inputs = [d for d in sounddevice.query_devices() if d["max_input_channels"]]
    if not inputs:
        return "this system knows no microphone: plug one in, or record without --mic"
    return "the microphones are " + ", ".join(f"{d['index']} ({d['name']})" for d in inputs)


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0]
