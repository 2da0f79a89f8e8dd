"""The file of a stylized clip: writing it, resuming it, and copying the streams that accompany its frames."""
