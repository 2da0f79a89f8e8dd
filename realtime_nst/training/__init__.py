"""Training of the fast network: prepare the data, train, export."""
