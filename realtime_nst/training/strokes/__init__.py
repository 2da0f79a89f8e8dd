"""Training of the network whose style vector is its modulation: grow, train, fit the styles that ship."""
