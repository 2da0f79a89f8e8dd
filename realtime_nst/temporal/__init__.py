"""Temporal filters that keep a stream from flickering."""
