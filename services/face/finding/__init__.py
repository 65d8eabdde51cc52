"""Finding faces in a frame and following them through a window."""
