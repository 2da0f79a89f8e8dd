"""Still images, colour, H.264 settings and output paths: what sources and sinks share."""
