"""Helpers for the tests: doubles, tools that run and watch the program, and generated material."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
