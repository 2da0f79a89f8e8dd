"""The built-in scene, which the program renders itself: layers that are made once and moved for each frame."""
