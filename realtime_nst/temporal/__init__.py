"""Filters over time that keep a stream from flickering."""
