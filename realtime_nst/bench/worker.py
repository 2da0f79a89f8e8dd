"""The process in which one of our own cases is measured: `python -m realtime_nst.bench.worker`."""

from __future__ import annotations

import json
import sys

from ..errors import StylizeError
from ..process import keep_freed_memory, quiet_runtimes


def main() -> None:
    """Speak with `Contender` over standard input and output."""
    quiet_runtimes()
    keep_freed_memory()
    answers, sys.stdout = sys.stdout, sys.stderr  # a library that prints must not garble the answers

    def answer(figures: dict) -> None:
        print(json.dumps(figures), file=answers, flush=True)

    job = json.loads(sys.stdin.readline())
    try:
        from .cases import CASES

        case = CASES[job.pop("case")](job)
        answer(case.facts())
        for _ in sys.stdin:
            answer(case.round())
    except StylizeError as error:
        answer({"error": str(error), "exit_code": error.exit_code})


if __name__ == "__main__":
    main()
