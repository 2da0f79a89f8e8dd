"""What the program keeps for its user: presets, key bindings, MIDI bindings, the last settings."""
