"""The person in the foreground: how she is rendered, and how she moves."""
