"""A sound system with no hardware: a PulseAudio server whose microphone hears what is played to its speaker."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RATE = 48_000


def missing() -> str | None:
    """Return, in words, what this machine lacks for a test with sound; None if nothing."""
    if not shutil.which("pulseaudio") or not shutil.which("paplay"):
        return "needs pulseaudio and pulseaudio-utils"
    try:
        import sounddevice  # noqa: F401
    except (ImportError, OSError):
        return "needs sounddevice and libportaudio2"
    return None


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """Run the server; yield the environment in which programs find it."""
    socket = folder / "native"
    environment = os.environ | {"PULSE_SERVER": f"unix:{socket}", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    server = subprocess.Popen(
        [
            "pulseaudio",
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--disable-shm",
            "-L",
            f"module-native-protocol-unix socket={socket} auth-anonymous=1",
            "-L",
            "module-null-sink sink_name=speaker rate=48000",
            "-L",
            "module-remap-source master=speaker.monitor source_name=microphone",
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not _answers(environment):
            assert server.poll() is None and time.monotonic() < deadline, "the sound server does not come up"
            time.sleep(0.1)
        yield environment
    finally:
        server.kill()
        server.wait()


def _answers(environment: dict[str, str]) -> bool:
    asked = subprocess.run(["pactl", "list", "short", "sources"], env=environment, capture_output=True, text=True)
    return "microphone" in asked.stdout


def write_clicks(path: Path, seconds: int) -> Path:
    """A file of sound with a click of 5 ms at the beginning of every second."""
    samples = np.zeros(seconds * RATE, np.int16)
    for second in range(seconds):
        samples[second * RATE : second * RATE + RATE // 200] = 20_000
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def click_times(samples: np.ndarray, rate: int) -> np.ndarray:
    """When the clicks of a track (mono) begin, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > 0.2)
    return loud[np.flatnonzero(np.diff(loud, prepend=-rate) > rate // 2)] / rate
