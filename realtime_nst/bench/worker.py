"""The process that measures one of our own cases: `python -m realtime_nst.bench.worker`."""

from __future__ import annotations

import json
import sys
from typing import Any

from ..errors import StylizeError
from ..process import keep_freed_memory, quiet_runtimes


def main() -> None:
    """Talk to `Contender` over standard input and output."""
    quiet_runtimes()
    keep_freed_memory()
    answers, sys.stdout = sys.stdout, sys.stderr  # so that a library that prints does not garble the answers

    def answer(figures: dict[str, Any]) -> None:
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
