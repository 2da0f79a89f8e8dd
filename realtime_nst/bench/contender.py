"""What is measured runs in a process of its own, a round at a time, so that several can take turns."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence

from ..errors import InputError, RunError


class Contender:
    """A process that measures one thing when asked.

    It reads its job from standard input (a line of JSON), makes ready up to its first stylized frame, answers
    with facts (a line of JSON), and then with the figures of a round for each further line. An answer with
    "error" ends it. name, case: what it is called in the table.
    """

    def __init__(self, name: str, case: str, command: Sequence[str], job: dict) -> None:
        self.name, self.case = name, case
        began = time.perf_counter()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        try:
            self.facts = self._ask(json.dumps(job))
        except BaseException:
            self.close()
            raise
        self.facts["first_frame_s"] = round(time.perf_counter() - began, 3)
        """Seconds from the start of the process to its first stylized frame."""
        self.rounds: list[dict] = []

    def measure(self) -> None:
        """Do one round."""
        self.rounds.append(self._ask("go"))

    def close(self) -> None:
        self._requests.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()

    def _ask(self, line: str) -> dict:
        try:
            self._requests.write(line + "\n")
            self._requests.flush()
            answer = json.loads(self._answers.readline() or "{}")
        except (OSError, ValueError) as reason:
            raise RunError(f"measuring {self.name} ({self.case}) failed: {reason}") from reason
        if not answer:
            raise RunError(f"measuring {self.name} ({self.case}) ended without an answer; its own words are above")
        if "error" in answer:
            raise (InputError if answer.get("exit_code") == 2 else RunError)(answer["error"])
        return answer
