"""Speed figures of this program and of others, measured in turns on this machine with the same frames."""
