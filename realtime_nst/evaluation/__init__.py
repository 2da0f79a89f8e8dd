"""Quality metrics: content kept, style captured, flicker of video."""
