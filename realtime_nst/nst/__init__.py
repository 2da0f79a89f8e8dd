"""The mathematics of neural style transfer: features, losses, and optimization by gradient descent."""
