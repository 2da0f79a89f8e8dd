"""Runs inputs in a child process, and replaces it when it dies or hangs."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from .inputs import Input, make_input

TESTS = Path(__file__).parents[1]


class Worker:
    """A child process that uses one input after the other.

    Args:
        memory_gb: limit of its address space, in GB of 2**30 bytes.
        seconds: time after which an input is taken to hang.
    """

    def __init__(self, memory_gb: float = 6.0, seconds: float = 60.0) -> None:
        self._memory_gb, self._seconds = memory_gb, seconds
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def use(self, one: Input) -> dict[str, Any]:
        """Return what became of an input: an outcome of `worker`, or "died" (with the exit code) or "hang"."""
        process = self._process = self._process or self._start()
        stdin, stdout = _pipes(process)
        with contextlib.suppress(BrokenPipeError):
            stdin.write(f"{one.kind}\t{one.path}\n")
            stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            if not selector.select(self._seconds):
                self._end()
                return {"outcome": "hang", "told": f"no answer within {self._seconds:g} s"}
        line = stdout.readline()
        if line:
            return json.loads(line)
        code = process.wait()
        self._end()
        return {"outcome": "died", "told": f"exit code {code}"}

    def _start(self) -> subprocess.Popen[str]:
        paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
        return subprocess.Popen(
            [sys.executable, "-m", "fuzz.worker", str(self._memory_gb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in _pipes(self._process):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
            self._process = None


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin and process.stdout
    return process.stdin, process.stdout


def fuzz(seed: int, numbers: range, originals: Path) -> Iterator[dict[str, Any]]:
    """Use the inputs of these numbers, and yield what became of each: its number, kind, outcome and what was told."""
    with Worker() as worker:
        for number in numbers:
            with tempfile.TemporaryDirectory() as folder:
                one = make_input(seed, number, originals, Path(folder))
                yield {"number": number, "kind": one.kind, "name": one.path.name, **worker.use(one)}


def is_find(result: dict[str, Any]) -> bool:
    """Return whether a result is a fault of the program."""
    return result["outcome"] not in ("ok", "refused")
