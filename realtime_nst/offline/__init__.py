"""Files in, files out: clips, still images, and images made by optimization."""
