"""`python -m kills`: run by hand before a release, from the folder `tests`."""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from .runner import kill_runs

if __name__ == "__main__":  # the killed processes import this module, too
    parser = argparse.ArgumentParser(description="Kill runs at random moments; finds are printed.")
    parser.add_argument("--seed", type=int, default=33)
    parser.add_argument("--count", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kills = list(kill_runs(arguments.seed, arguments.count, Path(folder)))
    for number, kill in enumerate(kills):
        if kill.find:
            print(f"{number}: {kill}")
    moments = Counter(f"{kill.moment}, {'resumed' if kill.resumed else 'new'}" for kill in kills if kill.killed)
    print(f"seed {arguments.seed}: {sum(moments.values())} kills ({dict(sorted(moments.items()))})")
    print(f"{sum(not kill.killed for kill in kills)} runs were finished before they could be killed")
    print(f"refusals: {sum(bool(kill.refusal) for kill in kills)}, frames lost: {sum(kill.lost for kill in kills)}")
