"""Where frames come from: cameras, network streams, clips and the built-in scene."""
