"""Each case is measured in a process of its own, round by round, so that several cases can take turns."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..errors import InputError, RunError

Answer: TypeAlias = dict[str, Any]
"""One line of JSON from the process."""


class Contender:
    """A process that measures one case, one round at a time.

    The process reads its job, a line of JSON, from standard input; prepares everything up to its first stylized frame;
    answers with facts, a line of JSON; and answers each further line with the figures of a round. An answer with the
    key "error" ends it.

    Args:
        name: its name in the tables.
        case: the case to measure.
        command: starts the process.
        job: the parameters of the case.

    Attributes:
        facts: the process's first answer, with "first_frame_s" added: seconds from the start of the process to its
            first stylized frame.
        rounds: the figures of each round.

    Raises:
        InputError: if the process answered with an error of exit code 2.
        RunError: if the process failed.
    """

    def __init__(self, name: str, case: str, command: Sequence[str], job: dict[str, Any]) -> None:
        self.name, self.case = name, case
        started = time.perf_counter()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        try:
            self.facts = self._request(json.dumps(job))
        except BaseException:
            self.close()
            raise
        self.facts["first_frame_s"] = round(time.perf_counter() - started, 3)
        self.rounds: list[Answer] = []

    def measure(self) -> None:
        """Measure one round."""
        self.rounds.append(self._request("go"))

    def close(self) -> None:
        """End the process; kill it if it has not ended after 10 seconds."""
        self._requests.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _request(self, line: str) -> Answer:
        try:
            self._requests.write(line + "\n")
            self._requests.flush()
            answer = json.loads(self._answers.readline() or "{}")
        except (OSError, ValueError) as error:
            raise RunError(f"measuring {self.name} ({self.case}) failed: {error}") from error
        if not answer:
            raise RunError(
                f"measuring {self.name} ({self.case}) ended without an answer; its own error message is above"
            )
        if "error" in answer:
            raise (InputError if answer.get("exit_code") == 2 else RunError)(answer["error"])
        return answer
