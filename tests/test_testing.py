"""The test kit's own example runs as written."""

import re

import realtime_nst.testing


def test_the_example_of_the_test_kit_runs():
    example = re.search(r"\n\n((?:    .*\n|\n)+)", realtime_nst.testing.__doc__ or "")
    assert example
    program = "\n".join(line[4:] for line in example[1].splitlines())
    assert "CollectingSink()" in program
    exec(program, {})
