"""A microphone, through sounddevice: sound with times by the clock of the pictures it belongs to."""

from __future__ import annotations

import math
import time
from collections import deque

import numpy as np

from ..errors import DeviceError
from ..frames import AudioChunk, Frame
from ..interfaces import Source


class Microphone:
    """An open microphone, heard from now on; `device` is an index, part of a name, or "default".

    Raises DeviceError where sounddevice or PortAudio is missing or there is no such microphone.
    """

    def __init__(self, device: str = "default") -> None:
        sounddevice = _load_sounddevice()
        wanted = None if device == "default" else int(device) if device.isdecimal() else device
        try:
            found = sounddevice.query_devices(wanted, "input")
            self.name: str = found["name"]
            self.rate = round(found["default_samplerate"])
            self.channels = min(2, found["max_input_channels"])
            self._clock = AudioClock(self.rate)
            # What is not taken is forgotten after a minute.
            self._heard: deque[AudioChunk] = deque(maxlen=3000)
            self._arrived = time.perf_counter()
            self._stream = sounddevice.InputStream(
                device=wanted,
                channels=self.channels,
                samplerate=self.rate,
                dtype="float32",
                blocksize=self.rate // 50,
                latency="high",
                callback=self._hear,
            )
            self._stream.start()
        except (ValueError, sounddevice.PortAudioError) as reason:
            raise DeviceError(
                f"the microphone '{device}' cannot be opened ({_first_line(reason)}); {_known(sounddevice)}"
            ) from reason
        self._followed: _Followed | None = None

    @property
    def lost(self) -> bool:
        """Whether nothing is heard any more, not even silence."""
        return time.perf_counter() - self._arrived > 3

    def follow(self, source: Source) -> Source:
        """`source`, read through which the times of its frames become the times of the sound."""
        self._followed = _Followed(source)
        return self._followed

    def take(self) -> list[AudioChunk]:
        """What was heard since the last call, or in the minute before; nothing before the source's first frame."""
        began = self._followed.began if self._followed else math.inf
        heard = []
        while self._heard:
            sound = self._heard.popleft()
            if began < math.inf:
                heard.append(AudioChunk(sound.samples, sound.time - began))
        return heard

    def close(self) -> None:
        self._stream.close()

    def _hear(self, samples: np.ndarray, count: int, _times, status) -> None:
        # The driver's own times are wrong on some systems (by 0.3 s through PulseAudio), so arrivals are used.
        self._arrived = time.perf_counter()
        if status.input_overflow:
            self._clock.forget()
        self._heard.append(AudioChunk(samples.copy(), self._clock.heard(count, self._arrived)))


class AudioClock:
    """When samples were heard, told from when blocks of them arrived.

    Blocks come late by what the system happens to buffer, never early; so the promptest of the last `window`
    seconds shows where the sound card's count of samples stands. A card that runs fast or slow is followed.
    """

    def __init__(self, rate: int, window: float = 10.0) -> None:
        self._rate, self._window = rate, window
        self._count = 0
        self._lags: deque[tuple[float, float]] = deque()
        """(arrival, arrival less the time counted in samples): rising, so that the first is the least."""

    def heard(self, count: int, arrived: float) -> float:
        """When the first of `count` samples that arrived now was heard, on the clock of `arrived` (seconds)."""
        began = self._count / self._rate
        self._count += count
        lag = arrived - self._count / self._rate
        while self._lags and self._lags[-1][1] >= lag:
            self._lags.pop()
        self._lags.append((arrived, lag))
        while self._lags[0][0] < arrived - self._window:
            self._lags.popleft()
        return began + self._lags[0][1]

    def forget(self) -> None:
        """Samples were lost: what was learnt is of no use any more."""
        self._lags.clear()


class _Followed:
    """A live source, and when its time began."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.live, self.fps, self.size = source.name, source.live, source.fps, source.size
        self.began = math.inf
        """time.perf_counter at the source's time 0. Frames are read late, never early: the promptest tells."""

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is not None:
            self.began = min(self.began, time.perf_counter() - frame.time)
        return frame

    def close(self) -> None:
        self._source.close()


def _load_sounddevice():
    try:
        import sounddevice
    except ImportError as reason:
        raise DeviceError("--mic needs sounddevice: pip install 'realtime-nst[mic]'") from reason
    except OSError as reason:
        raise DeviceError(f"--mic needs PortAudio ({reason}): sudo apt-get install libportaudio2") from reason
    return sounddevice


def _known(sounddevice) -> str:
    """The microphones there are, for an error."""
    inputs = [d for d in sounddevice.query_devices() if d["max_input_channels"]]
    if not inputs:
        return "no microphone is known here: plug one in, or record without --mic"
    return "there are " + ", ".join(f"{d['index']} ({d['name']})" for d in inputs)


def _first_line(reason: Exception) -> str:
    return str(reason).splitlines()[0]
