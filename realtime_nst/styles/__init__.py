"""Styles: the library, transitions between styles, and the images drawn by code."""
