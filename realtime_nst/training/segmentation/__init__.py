"""Training of the network that tells people from background."""
