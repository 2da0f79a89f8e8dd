"""Sound recorded in step with the frames: through a real sound server, and on a simulated clock."""

import subprocess
import sys
import time
from types import SimpleNamespace

import av
import numpy as np
import pytest
from support.scenes import scene_frames, scene_image
from support.sound_server import RATE, click_times, missing, sound_server, write_clicks

from realtime_nst.errors import DeviceError, InputError
from realtime_nst.frames import AudioChunk, Frame
from realtime_nst.live.run import LiveOptions, run_live
from realtime_nst.media.audio_clock import AudioClock
from realtime_nst.sinks.recorder import Recorder
from realtime_nst.sources.microphone import Microphone

HEARD = missing()


def track(path) -> np.ndarray:
    """The first sound track from the time 0 of the file on, mono."""
    with av.open(str(path)) as container:
        parts = [(frame.time, frame.rate, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    start, rate, _ = parts[0]
    samples = np.concatenate([part for *_, part in parts])
    return np.concatenate([np.zeros(max(round(start * rate), 0), np.float32), samples])


class FakeMicrophone:
    """A microphone that delivers the chunks of sound that a test puts in."""

    name, rate, channels, lost = "double", RATE, 1, False

    def __init__(self):
        self.chunks = []

    def follow(self, source):
        return source

    def take(self):
        chunks, self.chunks = self.chunks, []
        return chunks

    def close(self):
        pass


def record(path, seconds: float, card_rate: float, lateness) -> None:
    """Frames at 30 a second beside clicks at every full second, sampled by a card that counts `card_rate` a second."""
    microphone, clock = FakeMicrophone(), AudioClock(RATE)
    recorder = Recorder(30.0, live=False, must_succeed=True, microphone=microphone)
    recorder.start(path)
    image, block = scene_image((32, 32)), RATE // 50
    count = 0
    for number in range(int(seconds * 30)):
        frame = Frame(image, number / 30)
        while (count + block) / card_rate <= frame.time:
            moments = (count + np.arange(block)) / card_rate
            arrived = (count + block) / card_rate + lateness(count)
            samples = np.where(moments % 1 < 0.005, 0.6, 0.0).astype(np.float32)[:, None]
            microphone.chunks.append(AudioChunk(samples, clock.captured_at(block, arrived)))
            count += block
        recorder.write(frame)
    recorder.close()


@pytest.mark.parametrize("parts_per_million", [0, 1000, -1000])
def test_a_sound_card_whose_clock_is_off_stays_in_step(tmp_path, parts_per_million):
    chance = np.random.default_rng(1)
    record(tmp_path / "a.mp4", 31, RATE * (1 + parts_per_million / 1e6), lambda count: chance.exponential(0.02))
    clicks = click_times(track(tmp_path / "a.mp4"), RATE)
    # Left alone, 1000 ppm would be 30 ms after half a minute.
    abs_difference = clicks - np.round(clicks)
    assert len(clicks) >= 30 and np.abs(abs_difference[2:]).max() < 0.02


def test_lost_sound_becomes_silence_and_the_rest_stays_in_step(tmp_path):
    microphone = FakeMicrophone()
    recorder = Recorder(30.0, live=False, must_succeed=True, microphone=microphone)
    recorder.start(tmp_path / "a.mp4")
    for number, frame in enumerate(scene_frames(240, (32, 32))):
        if number % 30 == 0 and not 60 <= number < 150:
            samples = np.zeros((RATE, 1), np.float32)
            samples[: RATE // 200] = 0.6
            microphone.chunks.append(AudioChunk(samples, number / 30))
        recorder.write(frame)
    recorder.close()
    clicks = click_times(track(tmp_path / "a.mp4"), RATE)
    assert clicks == pytest.approx([0, 1, 5, 6, 7], abs=0.01)


def test_sound_before_the_first_picture_is_left_out(tmp_path):
    microphone = FakeMicrophone()
    microphone.chunks = [AudioChunk(np.full((RATE, 1), 0.6, np.float32), float(second)) for second in range(7)]
    recorder = Recorder(30.0, live=False, must_succeed=True, microphone=microphone)
    recorder.start(tmp_path / "a.mp4")
    for frame in scene_frames(1, (32, 32)) * 2:
        recorder.write(frame._replace(time=5.5))
    recorder.close()
    assert len(track(tmp_path / "a.mp4")) / RATE == pytest.approx(1.5, abs=0.05)


def test_a_clock_that_lost_samples_learns_anew():
    clock = AudioClock(1000)
    assert clock.captured_at(100, 5.1) == pytest.approx(5.0)
    assert clock.captured_at(100, 5.4) == pytest.approx(5.1)  # late, not lost
    clock.reset()
    assert clock.captured_at(100, 6.0) == pytest.approx(5.9)


def test_the_microphone_needs_something_to_record_to():
    with pytest.raises(InputError, match="--record"):
        run_live(LiveOptions(source="demo", styles=[], mic="default", headless=True, frames=1), print)


def test_without_sounddevice_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DeviceError, match=r"realtime-nst\[mic\]"):
        Microphone()


def test_a_microphone_that_does_not_start_is_released(monkeypatch):
    """It is in use by another program, for instance."""
    closed = []

    class InputStream:
        def __init__(self, **_options):
            pass

        def start(self):
            raise ValueError("device is busy")

        def close(self):
            closed.append(True)

    found = {"name": "double", "index": 0, "default_samplerate": RATE, "max_input_channels": 1}
    sounddevice = SimpleNamespace(
        query_devices=lambda *request: found if request else [found], InputStream=InputStream, PortAudioError=OSError
    )
    monkeypatch.setitem(sys.modules, "sounddevice", sounddevice)
    with pytest.raises(DeviceError, match=r"'default' cannot be opened \(device is busy\); the microphones are 0"):
        Microphone()
    assert closed


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    with sound_server(tmp_path_factory.mktemp("sound")) as environment:
        yield environment


@pytest.mark.skipif(HEARD is not None, reason=str(HEARD))
class TestSoundServer:
    def go(self, environment, *options):
        command = [sys.executable, "-m", "realtime_nst", "demo", "--headless", "--work-size", "64", "--model", "fast"]
        return subprocess.run([*command, *options], env=environment, capture_output=True, text=True)

    def test_clicks_are_recorded_in_step(self, environment, tmp_path):
        player = subprocess.Popen(["paplay", write_clicks(tmp_path / "clicks.wav", 90)], env=environment)
        try:
            done = self.go(
                environment, "--mic", "pulse", "--record", str(tmp_path / "a.mp4"), "--seconds", "9", "--style", "night"
            )
        finally:
            player.kill()
            player.wait()
        assert done.returncode == 0, done.stderr
        assert "with the microphone pulse" in done.stderr
        with av.open(str(tmp_path / "a.mp4")) as container:
            assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
            images = [frame.time for frame in container.decode(video=0)]
        sound = track(tmp_path / "a.mp4")
        clicks = click_times(sound, container_rate(tmp_path / "a.mp4"))
        assert len(clicks) >= 7
        drift = (clicks[-1] - clicks[0]) - (len(clicks) - 1)
        assert abs(drift) < 0.04
        assert len(sound) / container_rate(tmp_path / "a.mp4") == pytest.approx(images[-1], abs=1)

    def test_a_microphone_that_goes_away_is_told_of_and_the_pictures_go_on(self, tmp_path):
        (tmp_path / "server").mkdir()
        with sound_server(tmp_path / "server") as environment:
            running = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "realtime_nst",
                    "demo",
                    "--headless",
                    "--work-size",
                    "64",
                    "--model",
                    "fast",
                    "--mic",
                    "pulse",
                    "--record",
                    str(tmp_path / "a.mp4"),
                    "--seconds",
                    "10",
                    "--style",
                    "night",
                ],
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
            )
            said = ""
            while "recording" not in said and (line := running.stderr.readline()):
                said += line
            time.sleep(2)
            subprocess.run(["pactl", "exit"], env=environment)
            said += running.communicate()[1]
        assert running.returncode == 0 and "microphone has stopped" in said, said
        with av.open(str(tmp_path / "a.mp4")) as container:
            assert [frame.time for frame in container.decode(video=0)][-1] > 9

    def test_a_microphone_that_is_not_there_is_an_error_before_the_run(self, environment, tmp_path):
        done = self.go(environment, "--mic", "no such", "--record", str(tmp_path / "a.mp4"))
        assert done.returncode == 2
        assert "'no such' cannot be opened" in done.stderr and "pulse" in done.stderr
        assert not list(tmp_path.iterdir())


def container_rate(path) -> int:
    with av.open(str(path)) as container:
        return container.streams.audio[0].rate
