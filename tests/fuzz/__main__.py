"""`python -m fuzz`: run by hand before a release."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path

from .inputs import make_input
from .runner import Worker, fuzz, is_find

parser = argparse.ArgumentParser(description="Use mutated inputs as the program would; finds are printed.")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--count", type=int, default=10_000, help="inputs in all; those in the log are done")
parser.add_argument("--log", type=Path, default=Path("fuzz.jsonl"), help="results, a line each")
parser.add_argument("--only", type=int, metavar="NUMBER", help="make and use one input")
parser.add_argument("--keep", type=Path, metavar="FOLDER", help="with --only: where to put the input")
arguments = parser.parse_args()

with tempfile.TemporaryDirectory() as originals:
    if arguments.only is not None:
        folder = arguments.keep or Path(originals) / "input"
        folder.mkdir(parents=True, exist_ok=True)
        with Worker() as worker:
            one = make_input(arguments.seed, arguments.only, Path(originals), folder)
            print(json.dumps(worker.use(one), indent=2), one.path)
    else:
        done = [json.loads(line) for line in arguments.log.read_text().splitlines()] if arguments.log.exists() else []
        outcomes = Counter(result["outcome"] for result in done)
        with arguments.log.open("a") as log:
            for result in fuzz(arguments.seed, range(len(done), arguments.count), Path(originals)):
                print(json.dumps(result), file=log, flush=True)
                outcomes[result["outcome"]] += 1
                if is_find(result):
                    print(f"{result['number']} {result['kind']} {result['name']}: {result['told']}", flush=True)
        print(dict(outcomes))
