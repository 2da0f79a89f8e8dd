"""Sources of frames: cameras, network streams, clips and the built-in scene; and the microphone."""
