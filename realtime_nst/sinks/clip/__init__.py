"""The file of a stylized clip: what it holds, how it is resumed, and what accompanies its frames."""
