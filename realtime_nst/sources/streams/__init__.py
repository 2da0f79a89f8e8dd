"""Streams that come through FFmpeg: from the network, and through pipes."""
