"""What the tests share: doubles, helpers that run and look at the program, and generated material."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
