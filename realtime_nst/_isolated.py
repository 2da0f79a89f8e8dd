"""Run a function in a process of its own, within bounds of time and memory: a model's code cannot take this one along.

It keeps the log lines of TensorFlow away from the user, and its memory out of this process.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from . import errors
from .errors import ModelError

SECONDS = 600
"""Twenty times what the largest model takes on two cores."""
MEMORY = 8 << 30
"""Bytes of data that the process may hold (Linux)."""


def run_isolated(function: str, *arguments: str, name: str, seconds: float = SECONDS, memory: int = MEMORY) -> Any:
    """Call a function of this package in a new process without a GPU.

    Args:
        function: "module:function", the module below realtime_nst.
        arguments: its arguments.
        name: what messages call the model.
        seconds: how long it may take.
        memory: how many bytes it may hold.

    Returns:
        What it returns, which JSON can hold.

    Raises:
        StylizeError: as the function.
        OSError: as the function.
        RuntimeError: any other error of the function.
        ModelError: if the process exceeds a bound or ends in another way.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        request = json.dumps([function, arguments, str(answer), seconds, memory, sys.path])
        program = f"import sys, json; sys.path[:] = json.loads(sys.argv[1])[5]; from {__name__} import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, request],
            stdin=subprocess.PIPE,  # closed when this process ends, however it does
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        )
        with process:
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired as error:
                raise ModelError(f"{name} does not work: it was not ready after {seconds:.0f} s") from error
            finally:
                process.kill()
        try:
            result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            reason = f"it crashed ({_ended(code)}), perhaps for want of {memory >> 30} GB of memory"
            raise ModelError(f"{name} does not work: {reason}") from error
    if result["error"] is None:
        return result["returned"]
    if result["error"] == "OSError":
        raise OSError(result["number"], result["message"])
    kind = getattr(errors, result["error"], RuntimeError)
    raise kind(result["message"])


def main() -> None:
    """Answer the request in the first argument of the command line."""
    function, arguments, answer, seconds, memory, _ = json.loads(sys.argv[1])
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):  # not on every system
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        signal.alarm(int(seconds) + 5)  # code that never returns to Python keeps `end_with_parent` from running
    end_with_parent()
    module, _, name = function.partition(":")
    result: dict[str, Any] = {"error": None, "returned": None, "message": "", "number": 0}
    try:
        result["returned"] = getattr(importlib.import_module(f"realtime_nst.{module}"), name)(*arguments)
    except OSError as error:
        result |= {"error": "OSError", "message": error.strerror or str(error), "number": error.errno or 0}
    except BaseException as error:
        result |= {"error": type(error).__name__, "message": str(error) or type(error).__name__}
    Path(answer).write_text(json.dumps(result), encoding="utf-8")


def end_with_parent() -> None:
    """End this process as soon as the one that holds the other end of its standard input ends."""

    def watch() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
