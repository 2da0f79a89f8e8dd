"""Sinks for frames: the window, recordings, clip files, a virtual camera."""
