"""Where frames go: a window, a recording, a clip file, a virtual camera."""
