"""The stylized video and its controls for browsers and other programs, over HTTP."""
