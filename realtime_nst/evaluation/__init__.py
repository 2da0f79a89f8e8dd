"""Quality measures: content kept, style captured, steadiness of video."""
