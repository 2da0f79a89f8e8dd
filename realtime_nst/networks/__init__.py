"""The networks that stylize frames; how one is chosen, downloaded and opened."""
