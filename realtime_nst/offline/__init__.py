"""Files in, files out: clips, still images, and optimized images."""
