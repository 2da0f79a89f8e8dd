"""Speed figures, measured on this machine: ours and others', in turns, on the same frames."""
