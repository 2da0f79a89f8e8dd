"""Code that sources and sinks share: images, scaling, colour, video containers, H.264 and output paths."""
