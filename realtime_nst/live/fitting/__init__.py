"""Improves the style in use while the video runs: a process that fits its vector, and the thread that talks to it."""
