"""Quality metrics: content kept, style captured, steadiness of video."""
