"""Style pictures: the library, transitions between styles, and the pictures drawn by code."""
