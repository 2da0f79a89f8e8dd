"""The networks that stylize frames, and how one is chosen, downloaded and opened."""
