"""Which device is chosen, on machines with and without a card that TensorFlow can use."""

import os
import subprocess
import sys

import pytest

from realtime_nst.errors import DeviceError, ModelError
from realtime_nst.networks import registry
from realtime_nst.networks.runtimes import devices
from realtime_nst.networks.runtimes.devices import choose_device, cpu_name


@pytest.fixture
def machine(monkeypatch):
    """Set what the driver and TensorFlow report: machine(card=..., gpu=...)."""

    def has(card=None, gpu=None):
        monkeypatch.setattr(devices, "graphics_card", lambda: card)
        monkeypatch.setattr(devices, "tensorflow_gpu", lambda: gpu)

    return has


def test_a_gpu_is_taken_where_tensorflow_can_use_it(machine):
    machine(card="NVIDIA H100", gpu="NVIDIA H100")
    assert choose_device("auto") == choose_device("gpu") == ("gpu", ())
    assert choose_device("cpu") == ("cpu", ())


def test_a_card_that_tensorflow_cannot_use_is_told_of(machine):
    machine(card="NVIDIA GeForce RTX 3060")
    device, notices = choose_device("auto")
    assert device == "cpu" and "RTX 3060" in notices[0] and "Running on the CPU" in notices[0]
    with pytest.raises(DeviceError, match="cannot use NVIDIA GeForce RTX 3060"):
        choose_device("gpu")


def test_without_a_card_auto_is_the_cpu_and_gpu_an_error_with_advice(machine):
    machine()
    assert choose_device("auto") == ("cpu", ())
    with pytest.raises(DeviceError, match="libcuda.*native Windows since 2.11.*--device cpu"):
        choose_device("gpu")


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_the_advice_fits_the_system(machine, monkeypatch, platform):
    machine()
    monkeypatch.setattr(sys, "platform", platform)
    words = {"win32": "inside WSL2", "darwin": "tensorflow-metal", "linux": "tensorflow[and-cuda]"}
    with pytest.raises(DeviceError) as caught:
        choose_device("gpu")
    assert words[platform] in str(caught.value)


def test_auto_on_a_gpu_falls_to_the_fast_model_where_the_hub_cannot_be_reached(machine, monkeypatch):
    """Only the choice is tested: the fast model runs on the CPU here."""
    machine(card="NVIDIA H100", gpu="NVIDIA H100")
    from realtime_nst.networks import hub
    from realtime_nst.networks.fast import FastNetwork

    def unreachable(handle):
        raise ModelError(f"cannot download {handle}")

    monkeypatch.setattr(hub, "fetch_hub", unreachable)
    monkeypatch.setattr(FastNetwork, "open", lambda *arguments: FastNetwork("cpu"))
    network = registry.open_network("auto", "auto")
    assert network.name == "fast" and any("cannot download" in notice for notice in network.notices)


def test_the_cpu_has_its_makers_name():
    assert cpu_name() and "(R)" not in cpu_name()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no CPU affinity")
def test_a_process_confined_to_one_processor_works_on_one_frame():
    """Several frames at once would only wait for each other."""
    script = (
        "import os\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from realtime_nst.networks.runtimes.devices import choose_frames_in_flight\n"
        "from realtime_nst.process import available_cpus\n"
        "print(available_cpus(), choose_frames_in_flight(throughput=True))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


def test_frames_in_flight_follow_the_processors(monkeypatch):
    for cpus, expected in ((1, 0), (2, 3), (4, 5), (64, 5)):
        monkeypatch.setattr(devices, "available_cpus", lambda cpus=cpus: cpus)
        assert devices.choose_frames_in_flight(throughput=True) == expected
        assert devices.choose_frames_in_flight(throughput=False) == 0
