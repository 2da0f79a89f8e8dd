"""The doctor finds problems, says what to do about them, and reveals nothing private."""

from pathlib import Path

import pytest

from realtime_nst import doctor
from realtime_nst.doctor import Finding, State, diagnose


@pytest.fixture
def only(monkeypatch):
    """Run these checks alone, and return their findings."""

    def run(*checks):
        monkeypatch.setattr(doctor, "CHECKS", checks)
        return list(diagnose())

    return run


def test_this_machine_has_all_that_the_program_needs(only):
    found = {finding.topic: finding for finding in only(*doctor.CHECKS)}
    assert found["av"].state is found["H.264 encoder"].state is found["model fast"].state is State.GOOD
    assert "OpenVINO" in found["model fast"].detail
    assert "20 of 20" in found["styles"].detail
    assert not [finding for finding in found.values() if finding.state is State.PROBLEM]


def test_a_library_that_is_too_old_is_a_problem_with_the_command_that_mends_it(only, monkeypatch):
    def old(name):
        return "9.2" if name == "av" else real(name)

    real = doctor.version
    monkeypatch.setattr(doctor, "version", old)
    found = {finding.topic: finding for finding in only(doctor._packages)}
    assert found["av"].state is State.PROBLEM
    assert found["av"].detail.startswith("9.2 does not work")
    assert found["av"].advice.startswith("pip install 'av>=")
    assert found["numpy"].state is State.GOOD


def test_a_check_that_fails_is_a_finding_and_the_others_still_run(only):
    def broken():
        raise RuntimeError("no such bus")
        yield

    def fine():
        yield Finding("fine", State.GOOD, "yes")

    first, second = only(broken, fine)
    assert first.state is State.PROBLEM and "RuntimeError: no such bus" in first.detail
    assert second == Finding("fine", State.GOOD, "yes")


def test_the_report_holds_no_private_paths(only, monkeypatch):
    monkeypatch.setattr(doctor.getpass, "getuser", lambda: "ada")
    monkeypatch.setattr(Path, "home", lambda: Path("/homes/ada"))

    def private():
        yield Finding("a", State.GOOD, "/homes/ada/.cache and /media/ada/disk", "look into /homes/ada/Videos")

    (finding,) = only(private)
    assert finding.detail == "~/.cache and /media/USER/disk"
    assert finding.advice == "look into ~/Videos"


def test_a_folder_that_cannot_be_written_is_a_problem(only, monkeypatch, tmp_path):
    monkeypatch.setenv("REALTIME_NST_CACHE", "/proc/cache")
    found = {finding.topic: finding for finding in only(doctor._folders)}
    assert found["cache folder"].state is State.PROBLEM
    assert "cannot be written" in found["cache folder"].detail
