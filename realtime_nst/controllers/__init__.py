"""Other ways to the controls than keys: OSC and MIDI."""
