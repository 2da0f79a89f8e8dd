"""Engines that stylize many clips at once."""
