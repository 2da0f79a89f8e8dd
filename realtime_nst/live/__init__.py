"""One interactive run: state and actions, what is drawn over the video, and the adaptive resolution."""
